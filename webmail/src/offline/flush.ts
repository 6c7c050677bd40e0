/**
 * Carries out what was done while away, in order. What others did meanwhile is not undone: an email they moved stays where they put it,
 * a letter that may have gone already is looked for before it goes again. What could not be done is told in sentences.
 */
import type { Answer, Call } from "../jmap/client.ts";
import { Trouble, type TroubleKind } from "../jmap/trouble.ts";
import type { Email, Id, SetError } from "../jmap/types.ts";
import { applyPatch, type Patch } from "../state/patch.ts";
import { t } from "../words.ts";
import type { Waiting } from "./db.ts";
import type { Kept } from "./kept.ts";
import { isEmailMaking, madeBy, making } from "./makes.ts";

export type Server = {
  readonly all: (calls: readonly Call[]) => Promise<ReadonlyMap<string, Answer>>;
  readonly upload: (bytes: Blob, type: string) => Promise<{ readonly blobId: Id }>;
  readonly mailboxName: (id: Id) => string;
};

const localId = /here-[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}/g;
/** Names of what was made here; the oldest are forgotten. */
const maxNames = 1_000;

export type Names = { readonly [local: Id]: Id };

/** The same calls with the server's ids. */
export function translated(calls: readonly Call[], names: Names): readonly Call[] {
  if (Object.keys(names).length === 0) return calls;
  return JSON.parse(JSON.stringify(calls).replace(localId, (id) => names[id] ?? id)) as Call[];
}

/** Whether calls that were translated are still about what is on this device alone. */
export const namesWhatIsHere = (calls: readonly Call[]): boolean => JSON.stringify(calls).search(localId) >= 0;

const isMove = (path: string) => path.startsWith("mailboxIds/");
const keysOf = (set: { readonly [id: Id]: boolean }) => Object.keys(set).sort().join();
const asSet = (ids: readonly Id[]) => Object.fromEntries(ids.map((id) => [id, true]));

/** Leaves out moves of emails that somebody else has moved since, and changes of those that are gone. */
function withoutConflicts(
  update: { readonly [id: Id]: Patch },
  base: Waiting["base"],
  now: ReadonlyMap<Id, { readonly [id: Id]: boolean } | undefined>,
): { readonly update: { readonly [id: Id]: Patch }; readonly moved: readonly Id[]; readonly gone: readonly Id[] } {
  const left: { [id: Id]: Patch } = {};
  const moved: Id[] = [];
  const gone: Id[] = [];
  for (const [id, patch] of Object.entries(update)) {
    const before = base[id];
    if (now.has(id) && now.get(id) === undefined) {
      gone.push(id);
      continue;
    }
    const is = now.get(id);
    if (before === undefined || is === undefined) {
      left[id] = patch;
      continue;
    }
    const wanted = applyPatch({ keywords: {}, mailboxIds: asSet(before) }, patch).mailboxIds;
    if (keysOf(is) === [...before].sort().join() || keysOf(is) === keysOf(wanted)) {
      left[id] = patch;
      continue;
    }
    moved.push(id);
    const marks = Object.fromEntries(Object.entries(patch).filter(([path]) => !isMove(path)));
    if (Object.keys(marks).length > 0) left[id] = marks;
  }
  return { update: left, moved, gone };
}

/** A time that has passed is now. */
function withoutPastTimes(calls: readonly Call[], now: number): readonly Call[] {
  return JSON.parse(
    JSON.stringify(calls, (key, value: unknown) => {
      if (key !== "parameters" || typeof value !== "object" || value === null) return value;
      const { HOLDUNTIL: until, HOLDFOR: _seconds, ...rest } = value as { HOLDUNTIL?: string; HOLDFOR?: string };
      return until !== undefined && Date.parse(until) > now + 5_000 ? { ...rest, HOLDUNTIL: until } : rest;
    }),
  ) as Call[];
}

const creates = (calls: readonly Call[]): readonly Id[] =>
  Object.keys(Object.assign({}, ...calls.filter(isEmailMaking).map(madeBy)));

/** Which of the emails of a request that got no answer are there all the same: by Message-ID. */
async function arrived(kept: Kept, server: Server, calls: readonly Call[]): Promise<ReadonlyMap<Id, Id>> {
  const found = new Map<Id, Id>();
  for (const local of creates(calls)) {
    const messageId = kept.heads.get(local)?.messageId?.[0];
    if (messageId === undefined) continue;
    const answer = await server.all([
      ["Email/query", { filter: { header: ["Message-ID", `<${messageId}>`] }, limit: 1 }, "q"],
    ]);
    const [id] = (answer.get("q") as { ids: Id[] }).ids;
    if (id !== undefined) found.set(local, id);
  }
  return found;
}

async function filesOf(kept: Kept, server: Server, calls: readonly Call[], names: { [id: Id]: Id }): Promise<Id[]> {
  const used = new Set(JSON.stringify(calls).match(localId) ?? []);
  const sent: Id[] = [];
  for (const id of used) {
    const file = names[id] === undefined ? await kept.db.get("files", id) : undefined;
    if (file === undefined) continue;
    names[id] = (await server.upload(file.blob, file.type)).blobId;
    sent.push(id);
  }
  return sent;
}

const why = ({ type, description }: SetError): string => description || type;

/** Sends one entry. Throws Trouble where it has to wait; answers sentences about what could not be done. */
async function carryOut(
  kept: Kept,
  server: Server,
  entry: Waiting,
  names: { [id: Id]: Id },
  now: number,
): Promise<readonly string[]> {
  const told: string[] = [];
  const nameOf = (id: Id) => {
    const about = entry.about[id] ?? Object.entries(entry.about).find(([local]) => names[local] === id)?.[1];
    return about?.trim() || t("list.noSubject");
  };
  const files = await filesOf(kept, server, entry.calls, names);
  let calls = withoutPastTimes(translated(entry.calls, names), now);
  if (entry.tried) {
    const there = await arrived(kept, server, calls);
    for (const [local, id] of there) names[local] = id;
    // One request carries a letter and its sending: where the letter is, it was sent.
    calls = calls.flatMap((call): Call[] => {
      if (call[0] === "EmailSubmission/set" && there.size > 0) return [];
      const made = Object.entries(madeBy(call));
      return [made.length === 0 ? call : making(call, Object.fromEntries(made.filter(([key]) => !there.has(key))))];
    });
  }
  const base = Object.fromEntries(Object.entries(entry.base).map(([id, boxes]) => [names[id] ?? id, boxes]));
  const asked = Object.keys(base);
  if (asked.length > 0) {
    const answer = await server.all([["Email/get", { ids: asked, properties: ["mailboxIds"] }, "g"]]);
    const { list } = answer.get("g") as { list: { id: Id; mailboxIds: { [id: Id]: boolean } }[] };
    const is = new Map<Id, { [id: Id]: boolean } | undefined>(asked.map((id) => [id, undefined]));
    for (const { id, mailboxIds } of list) is.set(id, mailboxIds);
    calls = calls.map(([method, args, id]): Call => {
      if (method !== "Email/set" || args["update"] === undefined) return [method, args, id ?? "0"];
      const { update, moved, gone } = withoutConflicts(args["update"] as { [id: Id]: Patch }, base, is);
      for (const each of moved) {
        const where = Object.keys(is.get(each) ?? {}).map(server.mailboxName);
        told.push(t("offline.movedElsewhere", { name: nameOf(each), where: where.join(", ") }));
      }
      for (const each of gone) told.push(t("offline.gone", { name: nameOf(each) }));
      return [method, { ...args, update }, id ?? "0"];
    });
  }
  const answers = await server.all(calls);
  let letter: Id | undefined;
  for (const [, answer] of answers) {
    for (const [local, made] of Object.entries((answer.created ?? {}) as { [id: Id]: { id: Id } })) {
      names[local] = made.id;
      letter = made.id;
    }
    for (const [id, error] of Object.entries((answer.notUpdated ?? {}) as { [id: Id]: SetError }))
      told.push(
        error.type === "notFound"
          ? t("offline.gone", { name: nameOf(id) })
          : t("offline.refused", { name: nameOf(id), why: why(error) }),
      );
    for (const [id, error] of Object.entries((answer.notCreated ?? {}) as { [id: Id]: SetError })) {
      const submission = calls.some((call) => call[0] === "EmailSubmission/set" && id in madeBy(call));
      const name = Object.values(entry.about)[0] ?? "";
      if (submission && letter === undefined) continue;
      told.push(
        t(submission ? "offline.notSent" : "offline.notSaved", { name: name || t("list.noSubject"), why: why(error) }),
      );
    }
    // What was to be removed and is gone is as wanted; a draft that was changed elsewhere has another id.
  }
  for (const id of files) await kept.db.delete("files", id);
  return told;
}

/** What waits is carried out when that is over. */
const passing: ReadonlySet<TroubleKind> = new Set(["away", "busy", "full", "ended"]);

/** Answers what is to be told; throws the Trouble that ended it, with what waits still waiting. */
export async function flush(
  kept: Kept,
  server: Server,
  now: () => number,
  tell: (what: readonly string[]) => void,
  giveBack: (letter: Email) => Promise<void>,
): Promise<void> {
  const names: { [id: Id]: Id } = { ...(await kept.fact<Names>("names")) };
  for (const entry of await kept.db.getAll("waiting")) {
    const key = entry.key ?? 0;
    let told: readonly string[];
    const locals = creates(entry.calls);
    try {
      // Before it goes: should no answer come, it may have been carried out.
      if (locals.length > 0) await kept.db.put("waiting", { ...entry, tried: true });
      told = await carryOut(kept, server, entry, names, now());
    } catch (error) {
      const trouble = error instanceof Trouble ? error : undefined;
      if (trouble !== undefined && passing.has(trouble.kind)) throw error;
      // One that can never be carried out must not hold up those behind it.
      if (trouble === undefined) console.error(error);
      const name = Object.values(entry.about)[0] || t("list.noSubject");
      told = [t("offline.refused", { name, why: trouble?.message ?? String(error) })];
    }
    await kept.putFact("names", Object.fromEntries(Object.entries(names).slice(-maxNames)));
    // What was written is not lost with what could not be done.
    for (const id of locals.filter((one) => names[one] === undefined)) {
      const letter = await kept.email(id);
      if (letter !== undefined) await giveBack({ ...letter, blobId: names[letter.blobId] ?? letter.blobId });
    }
    await kept.drop(locals);
    await kept.db.delete("waiting", key);
    if (told.length > 0) tell(told);
  }
}
