/** A JMAP client over fetch (RFC 8620): the session, requests, uploads, downloads. Failures are thrown as Trouble. */
import { accountOf, answerIn, bareArguments, bareId } from "./accounts.ts";
import { credentialsMode, ownFields } from "./credentials.ts";
import { rememberStart, takeEarly } from "./early.ts";
import { diskFull, Trouble, troubleOf } from "./trouble.ts";
import { bodyProperties, type Id, type Session, urn } from "./types.ts";

export type Call = readonly [method: string, args: { readonly [name: string]: unknown }, id?: string];
// biome-ignore lint/suspicious/noExplicitAny: the caller knows what it has asked for.
export type Answer = any;

const wellKnown = "/.well-known/jmap";
/** What comes within this time is the answer; after it the server is away. */
const patienceMs = 30_000;
const openPatienceMs = 12_000;

/** What answers where the server does not, and sees every answer it gives: mail that is kept on this device (offline/). */
export type Aside = {
  readonly all: (
    calls: readonly Call[],
    direct: (calls: readonly Call[], patience?: number) => Promise<ReadonlyMap<string, Answer>>,
  ) => Promise<ReadonlyMap<string, Answer>>;
  /** Since the server was asked last and did not answer. */
  readonly away: boolean;
  /** Keeps a file until it can be uploaded; answers the id it goes by until then. */
  readonly keepFile: (file: Blob) => Promise<Id>;
  readonly file: (blobId: Id) => Promise<Blob | undefined>;
  readonly dropFile: (blobId: Id) => Promise<void>;
};

function troubleOfStatus(status: number, body: { readonly type?: string; readonly detail?: string }): Trouble {
  const detail = body.detail ?? "";
  if (status === 401) return new Trouble("ended", detail);
  if (status === 413) return new Trouble("large", detail);
  if (status === 507) return new Trouble(body.type === diskFull ? "full" : "quota", detail);
  if (status === 429) return new Trouble("busy", detail);
  // It is there and out of order, or stands behind something that is: the detail tells it from a network that is away.
  if (status >= 500) return new Trouble("away", detail || String(status));
  return new Trouble("refused", detail);
}

/** Asks the server with the page's session; an answer that is none is thrown as Trouble. */
export async function ask(url: string, init: RequestInit = {}, patience = patienceMs): Promise<Response> {
  let response: Response;
  try {
    response = await fetch(url, {
      ...init,
      credentials: credentialsMode(),
      headers: { ...ownFields(), ...init.headers },
      signal: init.signal ?? AbortSignal.timeout(patience),
    });
  } catch {
    throw new Trouble("away");
  }
  if (response.ok) return response;
  throw troubleOfStatus(response.status, await response.json().catch(() => ({})));
}

/** What is no JSON is no answer of a JMAP server: of a page that stands before the network, or of a proxy. */
async function answered<T>(response: Response): Promise<T> {
  try {
    return (await response.json()) as T;
  } catch {
    throw new Trouble("away");
  }
}

export class Client {
  session: Session;
  readonly accountId: Id;
  aside: Aside | undefined;
  /** Told when the session has become another one (RFC 8620 §3.4): accounts may have come or gone. */
  onsession: (() => void) | undefined;
  #others: ReadonlySet<Id> = new Set();
  #renewing = false;

  constructor(session: Session) {
    this.session = session;
    this.accountId = session.primaryAccounts[urn.mail] ?? Object.keys(session.accounts)[0] ?? "";
    this.#know();
  }

  #know(): void {
    const { accounts } = this.session;
    this.#others = new Set(
      Object.keys(accounts).filter(
        (id) => id !== this.accountId && urn.mail in (accounts[id]?.accountCapabilities ?? {}),
      ),
    );
  }

  /** Accounts of others with mail that is shared with who is signed in. */
  get others(): ReadonlySet<Id> {
    return this.#others;
  }

  /** Throws Trouble "ended" where nobody is signed in. */
  static async open(): Promise<Client> {
    const response = await ask(wellKnown, {}, openPatienceMs);
    return new Client(await answered<Session>(response));
  }

  has(capability: string): boolean {
    return capability in this.session.capabilities;
  }

  /** What is asked for of an email that is read. */
  get bodyProperties(): readonly string[] {
    return this.has(urn.authenticationResults) ? [...bodyProperties, "authenticationResults"] : bodyProperties;
  }

  /** Whether the account can send and knows who it writes as: a server may do so for others only. */
  get sends(): boolean {
    return urn.submission in (this.session.accounts[this.accountId]?.accountCapabilities ?? {});
  }

  /** A limit of the core capability (RFC 8620 §2). */
  limit(name: string, otherwise: number): number {
    const value = this.session.capabilities[urn.core]?.[name];
    return typeof value === "number" ? value : otherwise;
  }

  /** Runs the calls in one request; answers their arguments by call id ("0", "1", … where none is given). */
  all(calls: readonly Call[]): Promise<ReadonlyMap<string, Answer>> {
    // Mail of others is not kept on this device.
    if (this.aside === undefined || (this.#others.size > 0 && calls.some((call) => this.#placed(call).other)))
      return this.direct(calls);
    return this.aside.all(calls, (sent, patience) => this.direct(sent, patience));
  }

  /** The arguments as the server wants them; those of a call that refers to another's answer go to its account. */
  #placed(
    [name, args]: Call,
    before: ReadonlyMap<string, Id> = new Map(),
  ): { readonly args: Call[1]; readonly account: Id; readonly other: boolean } {
    // RFC 8620 §7.2: subscriptions belong to who is signed in, not to an account.
    if (name.startsWith("PushSubscription/")) return { args, account: this.accountId, other: false };
    if (this.#others.size === 0)
      return { args: { accountId: this.accountId, ...args }, account: this.accountId, other: false };
    const bare = bareArguments(args, this.#others);
    const referred = Object.entries(args).find(([key]) => key.startsWith("#"))?.[1] as
      | { readonly resultOf?: string }
      | undefined;
    const account =
      (args["accountId"] as Id | undefined) ??
      [...bare.accounts][0] ??
      before.get(referred?.resultOf ?? "") ??
      this.accountId;
    return {
      args: { ...bare.args, accountId: account },
      account,
      other: account !== this.accountId || bare.accounts.size > 0,
    };
  }

  /** The request that the calls make, and whose account each is about. */
  #request(calls: readonly Call[]): {
    readonly url: string;
    readonly body: string;
    readonly accounts: Map<string, Id>;
  } {
    const accounts = new Map<string, Id>();
    const methodCalls = calls.map((call, i) => {
      const [name, , id = String(i)] = call;
      const { args, account } = this.#placed(call, accounts);
      accounts.set(id, account);
      return [name, args, id];
    });
    const using = Object.values(urn).filter((name) => this.has(name));
    return { url: this.session.apiUrl, body: JSON.stringify({ using, methodCalls }), accounts };
  }

  /** These requests, which only read, are what the next start of the page begins with. */
  beginWith(requests: readonly (readonly Call[])[]): void {
    rememberStart(
      requests.map((calls) => {
        const { url, body } = this.#request(calls);
        return { url, body };
      }),
    );
  }

  /** Asks the server and nobody else. */
  async direct(calls: readonly Call[], patience = patienceMs): Promise<ReadonlyMap<string, Answer>> {
    const { accounts, ...request } = this.#request(calls);
    const response =
      (await takeEarly(request)) ??
      (await ask(
        request.url,
        { method: "POST", headers: { "content-type": "application/json" }, body: request.body },
        patience,
      ));
    const { methodResponses, sessionState } = await answered<{
      methodResponses: [string, Answer, string][];
      sessionState?: string;
    }>(response);
    if (sessionState !== undefined && sessionState !== this.session.state) void this.#renew();
    const answers = new Map<string, Answer>();
    for (const [name, args, id] of methodResponses) {
      if (name === "error") throw troubleOf(args.type, args.description, args.problem);
      // RFC 8621 §7.5: implicit Email/set answers come under the same id, after the one that was asked for.
      if (answers.has(id)) continue;
      const account = accounts.get(id) ?? this.accountId;
      answers.set(id, account === this.accountId ? args : answerIn(account, args));
    }
    return answers;
  }

  async #renew(): Promise<void> {
    if (this.#renewing) return;
    this.#renewing = true;
    try {
      const response = await ask(wellKnown, {}, openPatienceMs);
      this.session = await answered<Session>(response);
      this.#know();
      this.onsession?.();
    } catch {
      // The next answer says so again.
    } finally {
      this.#renewing = false;
    }
  }

  /** One call. */
  async one(method: string, args: { readonly [name: string]: unknown }): Promise<Answer> {
    return (await this.all([[method, args, "0"]])).get("0");
  }

  /** A /set that has to succeed for every object: the first refusal is thrown. */
  async set(method: string, args: { readonly [name: string]: unknown }): Promise<Answer> {
    const answer = await this.one(method, args);
    throwRefusal(answer);
    return answer;
  }

  downloadUrl(blobId: Id, name: string, type: string): string {
    const { downloadUrl } = this.session;
    const values: { readonly [name: string]: string } = {
      accountId: accountOf(blobId) ?? this.accountId,
      blobId: bareId(blobId),
      name: name || "file",
      type,
    };
    return downloadUrl.replace(/\{(\w+)\}/g, (_whole, key: string) => encodeURIComponent(values[key] ?? ""));
  }

  async blob(blobId: Id, type: string): Promise<Blob> {
    const here = await this.aside?.file(blobId);
    if (here !== undefined) return here;
    const response = await ask(this.downloadUrl(blobId, "part", type), {}, 120_000);
    return new Blob([await response.arrayBuffer()], { type });
  }

  async text(blobId: Id): Promise<string> {
    const response = await ask(this.downloadUrl(blobId, "message.eml", "application/octet-stream"), {}, 120_000);
    return response.text();
  }

  uploadUrl(): string {
    return this.session.uploadUrl.replace("{accountId}", encodeURIComponent(this.accountId));
  }

  async upload(bytes: BodyInit, type: string): Promise<{ readonly blobId: Id; readonly size: number }> {
    const response = await ask(
      this.uploadUrl(),
      { method: "POST", headers: { "content-type": type }, body: bytes },
      120_000,
    );
    return answered(response);
  }

  /** Uploads it; where the server is away it waits on this device, and goes by an id of this device until then. */
  async uploadOrKeep(file: Blob): Promise<Id> {
    const { aside } = this;
    if (aside?.away === true) return aside.keepFile(file);
    try {
      return (await this.upload(file, file.type)).blobId;
    } catch (error) {
      if (aside === undefined || !(error instanceof Trouble) || error.kind !== "away") throw error;
      return aside.keepFile(file);
    }
  }
}

export function throwRefusal(answer: Answer): void {
  for (const part of ["notCreated", "notUpdated", "notDestroyed"]) {
    const [refused] = Object.values(answer?.[part] ?? {}) as { type: string; description?: string }[];
    if (refused !== undefined) throw troubleOf(refused.type, refused.description);
  }
}

export { troubleOfStatus };
