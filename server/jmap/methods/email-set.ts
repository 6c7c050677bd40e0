import * as is from "../../../protocol/jmap/check.ts";
import { numberOf } from "../../../protocol/jmap/ids.ts";
import { setPatch, withoutSame } from "../../../protocol/jmap/patch.ts";
import { stateText } from "../../../protocol/jmap/state.ts";
import { failed, invalidProperties, type JsonObject, type SetError, setError } from "../../../protocol/jmap/types.ts";
import { breather } from "../../base/breathe.ts";
import type { EmailEdit } from "../../store/jmap.ts";
import type { AccountId, MailboxId } from "../../store/store.ts";
import { allowedEdits } from "../allowed-edits.ts";
import { setArgs, tooManyToSet } from "../arguments.ts";
import { type Answer, type Call, createdId, method } from "../call.ts";
import { mail } from "../capabilities.ts";
import { beforeEdits, tellEdited } from "../client-scripts.ts";
import { readWant } from "../email-want.ts";
import { marksOf, PreviewMemory, showEmails } from "../emails.ts";
import { makeEmail } from "../make-email.ts";

const shape = is.object(setArgs);

/** RFC 8621 §4.6. Updates and destructions of one call are one step for everybody who looks. */
export const emailSet = method(
  mail,
  shape,
  async (args, call, account): Promise<Answer> => {
    const refusal = tooManyToSet(args, call);
    if (refusal !== undefined) return refusal;
    const { store } = call.ports;
    const before = await store.mailState(account);
    if (args.ifInState !== undefined && args.ifInState !== stateText(before)) return failed("stateMismatch");
    const created: { [id: string]: JsonObject } = {};
    const notCreated: { [id: string]: SetError } = {};
    for (const [creation, object] of Object.entries(args.create ?? {})) {
      const made = await makeEmail(object as JsonObject, call, account);
      if ("made" in made) {
        created[creation] = made.made as JsonObject;
        call.created.set(creation, (made.made as { readonly id: string }).id);
      } else notCreated[creation] = made;
    }

    const notUpdated: { [id: string]: SetError } = {};
    const edits: EmailEdit[] = [];
    const keys: string[] = [];
    const doomed = new Map<number, string>();
    const notDestroyed: { [id: string]: SetError } = {};
    for (const key of args.destroy ?? []) {
      const email = numberOf("M", createdId(call, key) ?? "");
      if (email === undefined) notDestroyed[key] = setError("notFound");
      else doomed.set(email, createdId(call, key) as string);
    }
    const pause = breather();
    for (const [key, patch] of Object.entries(args.update ?? {})) {
      await pause();
      const email = numberOf("M", createdId(call, key) ?? "");
      const edit =
        email === undefined
          ? setError("notFound")
          : readEdit(email, await changesOf(patch as JsonObject, email, call, account), call);
      if ("type" in edit) notUpdated[key] = edit;
      else if (doomed.has(edit.email)) notUpdated[key] = setError("willDestroy");
      else {
        edits.push(edit);
        keys.push(key);
      }
    }
    if (!call.access.own) {
      const allowed = await allowedEdits(call, account, edits, doomed);
      for (const [i, error] of [...allowed.refused].reverse()) {
        notUpdated[keys[i] as string] = error;
        keys.splice(i, 1);
        edits.splice(i, 1);
      }
      for (const [i, edit] of edits.entries()) edits[i] = allowed.kept(edit);
      for (const [email, error] of allowed.stay) {
        notDestroyed[doomed.get(email) as string] = error;
        doomed.delete(email);
      }
    }
    const ifState = args.ifInState !== undefined && args.create === undefined ? before.modseq : undefined;
    const scripted = await beforeEdits(call, account, edits);
    const done = await store.emailsSet(account, edits, [...doomed.keys()], ifState);
    if (done.kind === "state-mismatch") return failed("stateMismatch");
    const updated: { [id: string]: null } = {};
    for (const [i, key] of keys.entries()) {
      const error = errorOf(done.edited[i] as (typeof done.edited)[number]);
      if (error === undefined) updated[key] = null;
      else notUpdated[key] = error;
    }
    await call.ports.sleepers.note(
      account,
      edits.filter((_edit, i) => done.edited[i] === "done"),
    );
    await tellEdited(call, account, scripted);
    const destroyed: string[] = [];
    for (const [i, id] of [...doomed.values()].entries())
      if (done.destroyed[i] === "done") destroyed.push(id);
      else notDestroyed[id] = setError("notFound");
    return {
      ok: {
        accountId: args.accountId,
        oldState: stateText(before),
        newState: stateText(scripted === undefined ? done.state : await store.mailState(account)),
        created,
        updated,
        destroyed,
        notCreated,
        notUpdated,
        notDestroyed,
      },
    };
  },
  "shared",
);

function errorOf(
  edited: Extract<Awaited<ReturnType<Call["ports"]["store"]["emailsSet"]>>, { kind: "done" }>["edited"][number],
): SetError | undefined {
  switch (edited) {
    case "done":
      return undefined;
    case "not-found":
      return setError("notFound");
    case "no-mailbox":
      return invalidProperties(["mailboxIds"], "mailboxIds: one of the mailboxes is not there.");
    case "homeless":
      return invalidProperties(["mailboxIds"], "mailboxIds: an email is in at least one mailbox.");
    case "too-many-keywords":
      return setError("tooManyKeywords");
    case "over-quota":
      return setError("overQuota", "The account has no room for it.");
    default:
      return edited satisfies never;
  }
}

/** What the patch changes: other properties of the email may be there too, as they are. */
async function changesOf(patch: JsonObject, email: number, call: Call, account: AccountId): Promise<JsonObject> {
  const others = Object.keys(patch).filter((path) => !/^(?:keywords|mailboxIds)(?:\/|$)/.test(path));
  if (others.length === 0) return patch;
  const want = readWant({ properties: others }, [], call.using);
  if ("error" in want) return patch;
  const shown = await showEmails(call.ports, new PreviewMemory(1), account, [email], want, call);
  const current = shown === "too-large" ? undefined : shown.list[0]?.object;
  return current === undefined ? patch : withoutSame(patch, current);
}

function readEdit(email: number, patch: JsonObject, call: Call): EmailEdit | SetError {
  for (const path of Object.keys(patch)) {
    const name = path.split("/")[0] as string;
    if (name !== "keywords" && name !== "mailboxIds")
      return invalidProperties([name], `${name}: only keywords and mailboxIds of an email can be changed.`);
  }
  const keywords = setPatch(patch, "keywords");
  if (keywords !== undefined && "type" in keywords) return keywords;
  const mailboxIds = setPatch(patch, "mailboxIds");
  if (mailboxIds !== undefined && "type" in mailboxIds) return mailboxIds;
  const edit: { -readonly [K in keyof EmailEdit]: EmailEdit[K] } = { email };
  if (keywords !== undefined) {
    const lists = keywords.kind === "set" ? [keywords.names] : [keywords.add, keywords.remove];
    const [first, second] = lists.map(marksOf);
    for (const marks of [first, second])
      if (marks !== undefined && "bad" in marks)
        return invalidProperties(["keywords"], `keywords/${is.escapePointer(marks.bad)}: this is no keyword.`);
    if (first === undefined || "bad" in first) throw new Error("Said already.");
    if (second === undefined) edit.marks = { set: first };
    else if (!("bad" in second)) edit.marks = { add: first, remove: second };
  }
  if (mailboxIds !== undefined) {
    const number = (key: string): MailboxId => numberOf("F", createdId(call, key) ?? "") ?? 0;
    edit.mailboxes =
      mailboxIds.kind === "set"
        ? { set: mailboxIds.names.map(number) }
        : { add: mailboxIds.add.map(number), remove: mailboxIds.remove.map(number) };
  }
  return edit;
}
