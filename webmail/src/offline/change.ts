/** What is done while away: seen here at once, kept as the request it would have been, carried out later (flush.ts). */
import type { Answer, Call } from "../jmap/client.ts";
import { Trouble } from "../jmap/trouble.ts";
import type { BodyPart, BodyValue, Email, EmailAddress, Id } from "../jmap/types.ts";
import { isObscured } from "../secure/opened.svelte.ts";
import { applyPatch, type Patch } from "../state/patch.ts";
import { t } from "../words.ts";
import { maxWaiting, type Waiting } from "./db.ts";
import type { Kept } from "./kept.ts";
import { isLocal } from "./local.ts";
import { isEmailMaking, madeBy, makesIn, making, type Objects } from "./makes.ts";
import { messageHere } from "./message-here.ts";

type SetArgs = {
  readonly create?: Objects;
  readonly emails?: Objects;
  readonly update?: { readonly [id: Id]: Patch };
  readonly destroy?: readonly Id[];
  readonly onSuccessUpdateEmail?: { readonly [ref: string]: Patch };
};

const changing = new Set(["Email/set", "EmailSubmission/set"]);
export const isChange = ([method]: Call): boolean => /\/(?:set|copy|import)$/.test(method);
/** Whether it can be done later: of a message that is not on this device nothing could be shown meanwhile. */
export const canWait = (calls: readonly Call[]): boolean =>
  calls.every(
    (call) =>
      changing.has(call[0]) ||
      (call[0] === "Email/import" && Object.values(madeBy(call)).every(({ blobId }) => isLocal(String(blobId)))),
  );

/** Creation ids become ids that mean something beyond the request: what is made here is named by them until the server has it. */
export function named(calls: readonly Call[]): {
  readonly calls: readonly Call[];
  readonly names: ReadonlyMap<string, Id>;
} {
  const names = new Map<string, Id>();
  for (const call of calls)
    for (const key of Object.keys(madeBy(call))) names.set(key, isLocal(key) ? key : `here-${crypto.randomUUID()}`);
  const rename = (value: unknown): unknown => {
    if (typeof value === "string" && value.startsWith("#")) return `#${names.get(value.slice(1)) ?? value.slice(1)}`;
    if (Array.isArray(value)) return value.map(rename);
    if (typeof value !== "object" || value === null) return value;
    return Object.fromEntries(
      Object.entries(value).map(([key, inner]) => [
        key.startsWith("#") ? `#${names.get(key.slice(1)) ?? key.slice(1)}` : key,
        // The texts of a letter are never references.
        key === "bodyValues" || key === "subject" ? inner : rename(inner),
      ]),
    );
  };
  const renamed = calls.map(([method, args, id]): Call => {
    const { [makesIn(method)]: made, ...rest } = args as SetArgs;
    const fresh = Object.fromEntries(
      Object.entries(made ?? {}).map(([key, object]) => [names.get(key) ?? key, rename(object)]),
    );
    const all = { ...(made === undefined ? {} : { [makesIn(method)]: fresh }), ...(rename(rest) as object) };
    return id === undefined ? [method, all] : [method, all, id];
  });
  return { calls: renamed, names };
}

type NewPart = BodyPart & { readonly partId: string };

/** The email that the server will make of it (RFC 8621 §4.6), as far as it is looked at meanwhile. */
function emailHere(id: Id, made: { readonly [name: string]: unknown }, threadId: Id, now: number): Email {
  const values = (made["bodyValues"] ?? {}) as { [partId: string]: { value: string } };
  const part = (one: Partial<NewPart>, i: number): BodyPart => ({
    partId: one.partId ?? `file${i}`,
    blobId: one.blobId ?? null,
    size: one.size ?? values[one.partId ?? ""]?.value.length ?? 0,
    name: one.name ?? null,
    type: one.type ?? "application/octet-stream",
    charset: "utf-8",
    disposition: one.disposition ?? null,
    cid: one.cid ?? null,
  });
  const parts = (name: string) => ((made[name] ?? []) as Partial<NewPart>[]).map(part);
  const textBody = parts("textBody");
  const attachments = parts("attachments");
  const bodyValues: { [partId: string]: BodyValue } = {};
  for (const [name, { value }] of Object.entries(values))
    bodyValues[name] = { value, isEncodingProblem: false, isTruncated: false };
  const text = values[textBody[0]?.partId ?? ""]?.value ?? "";
  const people = (name: string) => (made[name] ?? null) as readonly EmailAddress[] | null;
  const ids = (name: string) => (made[name] ?? null) as readonly string[] | null;
  const time = new Date(now).toISOString().replace(/\.\d+/, "");
  return {
    id,
    blobId: id,
    threadId,
    mailboxIds: made["mailboxIds"] as Email["mailboxIds"],
    keywords: (made["keywords"] ?? {}) as Email["keywords"],
    from: people("from"),
    to: people("to"),
    cc: people("cc"),
    bcc: people("bcc"),
    replyTo: people("replyTo"),
    sender: people("sender"),
    "header:List-Id": null,
    "header:List-Post": null,
    subject: (made["subject"] ?? null) as string | null,
    receivedAt: time,
    sentAt: time,
    preview: text.replace(/\s+/g, " ").slice(0, 256),
    hasAttachment: attachments.some(({ disposition }) => disposition === "attachment"),
    size: JSON.stringify(made).length,
    messageId: ids("messageId"),
    inReplyTo: ids("inReplyTo"),
    references: ids("references"),
    textBody,
    htmlBody: "htmlBody" in made ? parts("htmlBody") : textBody,
    attachments,
    bodyValues,
    headers: [],
  };
}

const ofLocal = (update: SetArgs["update"]): readonly Id[] => Object.keys(update ?? {});

/** Waits with the calls that are left of it; gone where nothing is left. */
async function leave(kept: Kept, entry: Waiting, calls: readonly Call[]): Promise<void> {
  const left = calls.filter(([, args]) =>
    Object.values(args).some((value) => typeof value === "object" && value !== null && Object.keys(value).length > 0),
  );
  if (left.length === 0) await kept.db.delete("waiting", entry.key ?? 0);
  else await kept.db.put("waiting", { ...entry, calls: left });
}

/** Should the server have made it all the same, it is to go: it is found by the name that was given to it here. */
const destroyIfThere = (messageId: string): readonly Call[] => [
  ["Email/query", { filter: { header: ["Message-ID", `<${messageId}>`] } }, "there"],
  ["Email/set", { "#destroy": { resultOf: "there", name: "Email/query", path: "/ids" } }, "gone"],
];

/** What was made here and not yet sent is unmade; answers what the server has to be asked to destroy. */
async function unmake(
  kept: Kept,
  ids: readonly Id[],
  names: ReadonlyMap<Id, string | undefined>,
): Promise<readonly Id[]> {
  const rest: Id[] = [];
  for (const id of ids) {
    const entry = (await kept.db.getAll("waiting")).find(({ calls }) =>
      calls.some((call) => isEmailMaking(call) && id in madeBy(call)),
    );
    const messageId = names.get(id);
    const sends = entry?.calls.some(([method]) => method === "EmailSubmission/set");
    if (entry === undefined || (entry.tried && (sends || messageId === undefined))) {
      rest.push(id);
      continue;
    }
    const { [id]: _name, ...about } = entry.about;
    for (const call of entry.calls)
      if (call[0] === "Email/import" && id in madeBy(call))
        await kept.db.delete("files", String(madeBy(call)[id]?.["blobId"]));
    await leave(kept, { ...entry, about }, [
      ...entry.calls
        .filter(([method]) => method !== "EmailSubmission/set")
        .map((call) => {
          const { [id]: object, ...made } = madeBy(call);
          return object === undefined ? call : making(call, made);
        }),
      ...(entry.tried && messageId !== undefined ? destroyIfThere(messageId) : []),
    ]);
  }
  return rest;
}

async function unsend(kept: Kept, submission: Id): Promise<void> {
  const entry = (await kept.db.getAll("waiting")).find(({ calls }) =>
    calls.some(([method, args]) => method === "EmailSubmission/set" && submission in ((args as SetArgs).create ?? {})),
  );
  if (entry === undefined || entry.tried) throw new Trouble("said", t("offline.tooLate"));
  await leave(
    kept,
    entry,
    entry.calls.filter(([method]) => method !== "EmailSubmission/set"),
  );
}

/** What it is called in a sentence: where the subject is encrypted, by whom it is for. */
function nameHere(kept: Kept, id: Id): string {
  const head = kept.heads.get(id);
  if (head === undefined) return "";
  return isObscured(head.subject) ? (head.to ?? []).map(({ email }) => email).join(", ") : (head.subject ?? "");
}

async function patchHere(kept: Kept, id: Id, patch: Patch): Promise<void> {
  const before = await kept.patch(id, patch);
  if (before !== undefined) await kept.recount(before, { ...before, ...applyPatch(before, patch) });
}

async function doHere(kept: Kept, method: string, args: SetArgs, now: number): Promise<void> {
  if (method === "EmailSubmission/set") {
    for (const [ref, patch] of Object.entries(args.onSuccessUpdateEmail ?? {})) {
      const email = args.create?.[ref.slice(1)]?.["emailId"] as string | undefined;
      if (email !== undefined) await patchHere(kept, email.replace(/^#/, ""), patch);
    }
    return;
  }
  for (const [id, object] of Object.entries(args[makesIn(method)] ?? {})) {
    const message = method === "Email/import" ? await kept.db.get("files", String(object["blobId"])) : undefined;
    const whole = message === undefined ? undefined : await messageHere(message.blob);
    const made = { ...object, ...whole?.made };
    const answered = (made["inReplyTo"] as readonly string[] | null | undefined)?.[0];
    const about = [...kept.heads.values()].find(
      ({ messageId }) => messageId?.[0] === answered && answered !== undefined,
    );
    const email = emailHere(id, made, about?.threadId ?? id, now);
    await kept.put([
      whole === undefined ? email : { ...email, blobId: String(object["blobId"]), headers: whole.headers },
    ]);
    await kept.recount(undefined, kept.heads.get(id));
  }
  for (const [id, patch] of Object.entries(args.update ?? {})) await patchHere(kept, id, patch);
  for (const id of args.destroy ?? []) await kept.recount(kept.heads.get(id), undefined);
  await kept.drop(args.destroy ?? []);
}

/**
 * Does it here and keeps it for later.
 * @param tried it may have reached the server
 */
export async function changeLater(
  kept: Kept,
  asked: readonly Call[],
  tried: boolean,
  now: number,
): Promise<ReadonlyMap<string, Answer>> {
  if ((await kept.db.count("waiting")) >= maxWaiting) throw new Trouble("said", t("offline.tooMuch"));
  const { calls, names } = named(asked);
  const base: { [id: Id]: readonly Id[] } = {};
  const about: { [id: Id]: string } = {};
  const answers = new Map<string, Answer>();
  const later: Call[] = [];
  for (const [i, [method, plain, callId]] of calls.entries()) {
    let args = plain as SetArgs;
    if (method === "EmailSubmission/set")
      for (const id of ofLocal(args.update)) {
        // What the server holds already cannot be taken back without it.
        if (!isLocal(id)) throw new Trouble("away");
        await unsend(kept, id);
        const { [id]: _done, ...update } = args.update ?? {};
        args = { ...args, update };
      }
    for (const id of [...Object.keys(args.update ?? {}), ...(args.destroy ?? [])]) {
      const head = kept.heads.get(id);
      if (head === undefined) continue;
      about[id] = head.subject ?? "";
      if (Object.keys(args.update?.[id] ?? {}).some((path) => path.startsWith("mailboxIds/")))
        base[id] = Object.keys(head.mailboxIds);
    }
    const messageIds = new Map((args.destroy ?? []).map((id) => [id, kept.heads.get(id)?.messageId?.[0]]));
    await doHere(kept, method, args, now);
    for (const id of Object.keys(args[makesIn(method)] ?? {})) about[id] = nameHere(kept, id);
    const [, original] = asked[i] as Call;
    const given = original as SetArgs;
    const made = Object.keys(given[makesIn(method)] ?? {});
    answers.set(callId ?? String(i), {
      created: Object.fromEntries(made.map((key) => [key, { id: names.get(key) ?? key }])),
      updated: Object.fromEntries(Object.keys(given.update ?? {}).map((id) => [id, null])),
      destroyed: given.destroy ?? [],
    });
    if (args.destroy !== undefined) args = { ...args, destroy: await unmake(kept, args.destroy, messageIds) };
    later.push([method, args, callId ?? String(i)]);
  }
  const left = later.filter(([, args]) =>
    ["create", "emails", "update", "destroy"].some(
      (name) => Object.keys((args as SetArgs)[name as "create"] ?? {}).length > 0,
    ),
  );
  if (left.length > 0) await kept.db.add("waiting", { calls: left, base, about, tried, at: now });
  return answers;
}
