/** A list of conversations of any length: windows of it are fetched where somebody looks. */
import type { Answer, Call, Client } from "../jmap/client.ts";
import { getMany } from "../jmap/get-many.ts";
import { Trouble } from "../jmap/trouble.ts";
import { type EmailHead, type Filter, headProperties, type Id, type Marked, type Thread } from "../jmap/types.ts";
import { answeredHere, isLocal } from "../offline/local.ts";
import { head, learn, prune, threadHeads, threadIds } from "./heads.svelte.ts";

export type Comparator = { readonly property: string; readonly isAscending: boolean; readonly keyword?: string };
export type Query = {
  readonly filter: Filter;
  readonly sort: readonly Comparator[];
  readonly collapse: boolean;
  /** Passages that were found are asked for and shown. */
  readonly snippets: boolean;
  /** Of another's mail, where the filter does not say so by its ids. */
  readonly account?: Id | undefined;
  /** What is asked of a server that refuses it: some know no conditions on threads (RFC 8621 §4.4.1, unsupportedFilter). */
  readonly simpler?: { readonly filter: Filter; readonly sort: readonly Comparator[] } | undefined;
};

export type Snippet = { readonly subject: string | null; readonly preview: string | null };

/** Rows fetched at once: more than a screen shows. */
const windowRows = 25;
/** Windows remembered around where somebody looks. */
const keptWindows = 48;
/** So often a list is asked for anew while somebody scrolls on. */
const maxRefreshes = 4;
/** Emails asked for at once, where all are meant; and so many are meant at most. */
const maxPage = 500;
const maxEverything = 100_000;
/** Servers that have refused. */
const simple = new WeakSet<Client>();

export class ConversationList {
  readonly #client: Client;
  readonly query: Query;
  /** Undefined until the first answer; while not `counted`, so many are known and there are more. */
  total = $state<number>();
  /** False while the first rows of a search are here and how many there are is not. */
  counted = $state(false);
  #ids = $state.raw<ReadonlyMap<number, Id>>(new Map());
  snippets = $state.raw<ReadonlyMap<Id, Snippet>>(new Map());
  failed = $state.raw<unknown>();
  /** Of the emails that the last answer told of (RFC 8620 §5.1). */
  state: string | undefined;
  readonly #loading = new Set<number>();
  #wanted: readonly [number, number] = [0, 0];
  #generation = 0;
  #counting = false;

  constructor(client: Client, query: Query) {
    this.#client = client;
    this.query = query;
  }

  /** The email that stands for the conversation in row `at`; undefined while it is not there yet. */
  at(at: number): Id | undefined {
    return this.#ids.get(at);
  }

  indexOf(id: Id): number | undefined {
    for (const [at, each] of this.#ids) if (each === id) return at;
    return undefined;
  }

  indexOfThread(threadId: Id): number | undefined {
    for (const [at, id] of this.#ids) if (head(id)?.threadId === threadId) return at;
    return undefined;
  }

  /** Rows that are known, in order. */
  known(): readonly (readonly [number, Id])[] {
    return [...this.#ids].sort(([a], [b]) => a - b);
  }

  /** Sees to it that the rows from `first` to `last` come, and so many beyond them (above, where it is negative). */
  async want(first: number, last: number, ahead = 0): Promise<void> {
    this.#wanted = [first, last];
    const from = Math.max(0, first + Math.min(0, ahead));
    const to = Math.min(last + Math.max(0, ahead), Math.max(last, (this.total ?? 0) - 1));
    /** Windows that lack, those beside each other in one request. */
    const missing: { at: number; windows: number }[] = [];
    for (let at = Math.floor(from / windowRows); at <= Math.floor(to / windowRows); at++) {
      if (this.#loading.has(at) || this.#has(at)) continue;
      const last = missing.at(-1);
      if (last !== undefined && last.at + last.windows === at) last.windows++;
      else missing.push({ at, windows: 1 });
    }
    await Promise.all(missing.map(({ at, windows }) => this.#load(at, windows)));
    if (this.total !== undefined && !this.counted) void this.#count();
  }

  /** What is asked for the first rows. */
  firstCalls(): readonly Call[] {
    return this.#calls(0, windowRows, "w", false);
  }

  /** Asks how many there are, after the first of them are shown. What fails is asked again with the next rows. */
  async #count(): Promise<void> {
    if (this.#counting) return;
    this.#counting = true;
    const generation = this.#generation;
    try {
      const [[name, args]] = this.#calls(0, 1, "n");
      const { total, queryState } = (await this.#client.one(name, args)) as { total?: number; queryState?: string };
      if (generation !== this.#generation || total === undefined || this.#knowsMore(queryState)) return;
      this.#is(total);
    } catch {
      // The rows are there all the same.
    } finally {
      this.#counting = false;
    }
  }

  #has(window: number): boolean {
    const end = Math.min((window + 1) * windowRows, this.total ?? Number.POSITIVE_INFINITY);
    for (let at = window * windowRows; at < end; at++) if (!this.#ids.has(at)) return false;
    return this.total !== undefined;
  }

  async #load(window: number, windows: number): Promise<void> {
    const generation = this.#generation;
    let again = false;
    const all = Array.from({ length: windows }, (_, i) => window + i);
    for (const each of all) this.#loading.add(each);
    try {
      // Counting them all takes longer than a window of them: what is there is shown first and counted after, once,
      // until something changes.
      const rows = windows * windowRows;
      const answer = await this.#ask(window * windowRows, rows, false);
      // Rows of the device stand elsewhere in its shorter list: those that lack come when the server answers again.
      if (generation !== this.#generation || this.#knowsMore(answer.get("wq").queryState)) return;
      const ids = new Map(this.#ids);
      this.#take(answer, "w", ids, rows);
      this.#ids = ids;
      this.#forget();
      this.failed = undefined;
    } catch (error) {
      again =
        this.query.simpler !== undefined &&
        !simple.has(this.#client) &&
        error instanceof Trouble &&
        error.kind === "refused";
      if (again) simple.add(this.#client);
      else {
        if (generation === this.#generation) this.failed = error;
        throw error;
      }
    } finally {
      for (const each of all) this.#loading.delete(each);
    }
    if (again) await this.#load(window, windows);
    // The answer was of a list that has changed meanwhile.
    else if (generation !== this.#generation) await this.want(...this.#wanted);
  }

  #calls(position: number, limit: number, id: string, calculateTotal = true): readonly [Call, ...Call[]] {
    const { collapse, snippets, account, simpler } = this.query;
    const { filter, sort } = (simple.has(this.#client) ? simpler : undefined) ?? this.query;
    const whose = account === undefined ? {} : { accountId: account };
    const ref = (of: string, name: string, path: string) => ({ resultOf: of, name, path });
    return [
      ["Email/query", { ...whose, filter, sort, collapseThreads: collapse, position, limit, calculateTotal }, `${id}q`],
      ["Email/get", { "#ids": ref(`${id}q`, "Email/query", "/ids"), properties: headProperties }, `${id}e`],
      ["Thread/get", { "#ids": ref(`${id}e`, "Email/get", "/list/*/threadId") }, `${id}t`],
      ["Email/get", { "#ids": ref(`${id}t`, "Thread/get", "/list/*/emailIds"), properties: headProperties }, `${id}a`],
      ...(snippets
        ? [["SearchSnippet/get", { filter, "#emailIds": ref(`${id}q`, "Email/query", "/ids") }, `${id}s`] as const]
        : []),
    ];
  }

  /** Rows with their conversations; where these are more emails than the server gives at once, they are asked for in parts. */
  async #ask(position: number, limit: number, calculateTotal: boolean): Promise<ReadonlyMap<string, Answer>> {
    const calls = this.#calls(position, limit, "w", calculateTotal);
    try {
      return await this.#client.all(calls);
    } catch (error) {
      if (!(error instanceof Trouble) || error.kind !== "large") throw error;
    }
    const answer = new Map(await this.#client.all(calls.filter(([, , id]) => id !== "wa")));
    const ids = (answer.get("wt") as { list: Thread[] }).list.flatMap(({ emailIds }) => emailIds);
    const { account } = this.query;
    const whose = account === undefined ? {} : { accountId: account };
    answer.set("wa", await getMany(this.#client, "Email/get", ids, { ...whose, properties: headProperties }));
    return answer;
  }

  /** @param asked so many rows were asked for */
  #take(answer: ReadonlyMap<string, Answer>, id: string, ids: Map<number, Id>, asked: number): void {
    const query = answer.get(`${id}q`) as { ids: Id[]; position: number; total?: number };
    learn((answer.get(`${id}e`) as { list: EmailHead[] }).list, (answer.get(`${id}t`) as { list: Thread[] }).list);
    const heads = answer.get(`${id}a`) as { list: EmailHead[]; state: string };
    learn(heads.list);
    this.state = heads.state;
    for (const [i, each] of query.ids.entries()) ids.set(query.position + i, each);
    if (query.total !== undefined) this.#is(query.total);
    // Not counted, and the last ones: there are fewer than there were.
    else if (query.ids.length < asked) this.#is(query.position + query.ids.length);
    else if (!this.counted) this.total = Math.max(this.total ?? 0, query.position + query.ids.length);
    const found = answer.get(`${id}s`) as { list: (Snippet & { emailId: Id })[] } | undefined;
    if (found === undefined) return;
    const snippets = new Map(this.snippets);
    for (const { emailId, ...snippet } of found.list) snippets.set(emailId, snippet);
    this.snippets = snippets;
  }

  #is(total: number): void {
    this.total = total;
    this.counted = true;
  }

  /** Rows far from where somebody looks are forgotten, and what lists of before have left. */
  #forget(): void {
    const [first, last] = this.#wanted;
    const from = first - (keptWindows / 2) * windowRows;
    const to = last + (keptWindows / 2) * windowRows;
    if (this.#ids.size > keptWindows * windowRows)
      this.#ids = new Map([...this.#ids].filter(([at]) => at >= from && at <= to));
    prune(() => this.#needed());
  }

  /** Emails and threads of its rows. */
  #needed(): ReadonlySet<Id> {
    const needed = new Set<Id>();
    for (const id of this.#ids.values()) {
      needed.add(id);
      const threadId = head(id)?.threadId;
      if (threadId !== undefined) needed.add(threadId);
    }
    return needed;
  }

  /** Asks anew for what is looked at, and forgets the rest: something has changed. */
  async refresh(): Promise<void> {
    for (let left = maxRefreshes; left > 0; left--) {
      const generation = ++this.#generation;
      const [first, last] = this.#wanted;
      const position = Math.floor(first / windowRows) * windowRows;
      const limit = (Math.floor(last / windowRows) + 1) * windowRows - position;
      const answer = await this.#ask(position, limit, true);
      if (generation !== this.#generation) return;
      if (this.#knowsMore(answer.get("wq").queryState)) return this.#addLocal(answer);
      // Somebody has scrolled on: the rows they see stay until there are others for them.
      const [nowFirst, nowLast] = this.#wanted;
      if (left > 1 && (nowFirst < position || nowLast >= position + limit)) continue;
      const ids = new Map<number, Id>();
      this.#take(answer, "w", ids, limit);
      this.#ids = ids;
      this.failed = undefined;
      return this.want(nowFirst, nowLast);
    }
  }

  /** The rows are the server's, and the answer is of what this device keeps: less than what is shown. */
  #knowsMore(queryState: string | undefined): boolean {
    return queryState === answeredHere && this.state !== undefined && this.state !== answeredHere;
  }

  /** While the server is away the rows stay; what was written meanwhile stands above them. */
  #addLocal(answer: ReadonlyMap<string, Answer>): void {
    for (const each of ["we", "wa"]) learn((answer.get(each) as { list: EmailHead[] }).list);
    learn(
      [],
      (answer.get("wt") as { list: Thread[] }).list.filter(
        ({ id, emailIds }) => threadIds(id) === undefined || emailIds.some(isLocal),
      ),
    );
    const known = new Set(this.#ids.values());
    const fresh = (answer.get("wq") as { ids: Id[] }).ids.filter((id) => isLocal(id) && !known.has(id));
    if (fresh.length === 0) return;
    this.#ids = new Map([
      ...fresh.map((id, at) => [at, id] as const),
      ...this.known().map(([at, id]) => [at + fresh.length, id] as const),
    ]);
    this.total = (this.total ?? 0) + fresh.length;
  }

  /**
   * All emails of its rows, known or not, oldest first: so much of each as is needed to do something with it. Answers in `rows` how many
   * rows they fill: of a list above the bound not all.
   */
  async everything(): Promise<{ emails: readonly Marked[]; rows: number }> {
    const { account, simpler } = this.query;
    const { filter } = (simple.has(this.#client) ? simpler : undefined) ?? this.query;
    const whose = account === undefined ? {} : { accountId: account };
    const limit = Math.min(maxPage, this.#client.limit("maxObjectsInGet", maxPage));
    const sort = [{ property: "receivedAt", isAscending: true }];
    const ids = { resultOf: "q", name: "Email/query", path: "/ids" };
    const found: Marked[] = [];
    let whole = false;
    for (let position = 0; position < maxEverything; ) {
      // The device keeps only some of them.
      const answers = await this.#client.direct([
        ["Email/query", { ...whose, filter, sort, position, limit }, "q"],
        ["Email/get", { "#ids": ids, properties: ["id", "threadId", "mailboxIds", "keywords"] }, "e"],
      ]);
      const asked: readonly Id[] = answers.get("q")?.ids ?? [];
      whole = asked.length === 0;
      if (whole) break;
      position += asked.length;
      found.push(...((answers.get("e")?.list ?? []) as Marked[]));
    }
    const filled = this.query.collapse ? new Set(found.map(({ threadId }) => threadId)).size : found.length;
    return { emails: found, rows: whole ? (this.total ?? filled) : filled };
  }

  /** As `remove`, of all of them. */
  removeAll(): () => void {
    const before = this.#ids;
    const total = this.total;
    this.#generation++;
    this.#ids = new Map();
    if (this.total !== undefined) this.total = 0;
    return () => {
      this.#ids = before;
      this.total = total;
    };
  }

  /** Takes rows out before the server has said so. Answers how to put them back. */
  remove(gone: ReadonlySet<Id>): () => void {
    const ids = new Map<number, Id>();
    const removed: (readonly [at: number, id: Id])[] = [];
    for (const [at, id] of this.known()) {
      if (gone.has(id)) removed.push([at, id]);
      else ids.set(at - removed.length, id);
    }
    this.#generation++;
    this.#ids = ids;
    if (this.total !== undefined) this.total -= removed.length;
    return () => this.#putBack(removed);
  }

  /** Among the rows of now, which may be others than then. @param rows by where they were, the first first */
  #putBack(rows: readonly (readonly [at: number, id: Id])[]): void {
    const ids = new Map(rows);
    for (const [at, id] of this.#ids) {
      let to = at;
      for (const [place] of rows) if (place <= to) to++;
      ids.set(to, id);
    }
    this.#generation++;
    this.#ids = ids;
    if (this.total !== undefined) this.total += rows.length;
    this.want(...this.#wanted).catch(() => {});
  }
}

/** The emails of a row: the whole conversation, or the one email where conversations are not collapsed. */
export function emailsOfRow(id: Id, list: ConversationList): readonly EmailHead[] {
  const one = head(id);
  if (one === undefined) return [];
  return list.query.collapse ? threadHeads(one.threadId) : [one];
}
