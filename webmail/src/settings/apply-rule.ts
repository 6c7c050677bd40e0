/** A filter applied to what is in the inbox already: asked broadly of the server, looked at exactly here, as the script does (`rules.ts`). */
import { toast } from "../../../ui/toasts.svelte.ts";
import type { EmailAddress, EmailHead, Filter, Id } from "../jmap/types.ts";
import { apply } from "../state/actions.svelte.ts";
import { mailboxes, mailboxOf } from "../state/mailboxes.svelte.ts";
import { inverse, type Patch } from "../state/patch.ts";
import { session } from "../state/session.svelte.ts";
import { offerUndo } from "../state/undo.ts";
import { view } from "../state/view.svelte.ts";
import { t } from "../words.ts";
import { mailboxPaths } from "./rule-store.svelte.ts";
import { type Action, type Condition, overBytes, type Rule } from "./rules.ts";

type Patches = ReadonlyMap<Id, Patch>;

/** Ids of one answer; the server's bound where it is lower. */
const pageSize = 500;

const properties = [
  "id",
  "keywords",
  "mailboxIds",
  "size",
  "subject",
  "from",
  "sender",
  "to",
  "cc",
  "header:Resent-To:asAddresses:all",
  "header:List-Id:asText:all",
  "header:List-Post:asRaw:all",
] as const;
type Looked = Pick<EmailHead, "id" | "keywords" | "mailboxIds"> & {
  readonly size: number;
  readonly subject: string | null;
  readonly from: readonly EmailAddress[] | null;
  readonly sender: readonly EmailAddress[] | null;
  readonly to: readonly EmailAddress[] | null;
  readonly cc: readonly EmailAddress[] | null;
  readonly "header:Resent-To:asAddresses:all": readonly (readonly EmailAddress[] | null)[];
  readonly "header:List-Id:asText:all": readonly (string | null)[];
  readonly "header:List-Post:asRaw:all": readonly (string | null)[];
};

const inHeader = (names: readonly string[], value: string): Filter => ({
  operator: "OR",
  conditions: names.map((name) => ({ header: [name, value] })),
});

/** What the server can rule out; undefined where it cannot. Words of the text are its business alone. */
function asked({ field, is, value }: Condition): Filter | undefined {
  if (field === "body") {
    const words: Filter = { body: `"${value.replaceAll('"', " ")}"` };
    return is === "not-contains" ? { operator: "NOT", conditions: [words] } : words;
  }
  if (is === "not-contains") return undefined;
  if (field === "size") return { minSize: overBytes(value) + 1 };
  if (field === "from") return inHeader(["From", "Sender"], value);
  if (field === "to") return inHeader(["To", "Cc", "Resent-To"], value);
  if (field === "list") return inHeader(["List-Id", "List-Post"], value);
  return inHeader(["Subject"], value);
}

function textsOf(field: Condition["field"], email: Looked): readonly string[] {
  const addresses = (...people: readonly (readonly EmailAddress[] | null)[]) =>
    people.flatMap((some) => (some ?? []).map((one) => one.email));
  const texts = (values: readonly (string | null)[]) => values.map((value) => (value ?? "").trim());
  if (field === "from") return addresses(email.from, email.sender);
  if (field === "to") return addresses(email.to, email.cc, ...email["header:Resent-To:asAddresses:all"]);
  if (field === "list") return texts([...email["header:List-Id:asText:all"], ...email["header:List-Post:asRaw:all"]]);
  return email.subject === null ? [] : [email.subject.trim()];
}

function holds({ field, is, value }: Condition, email: Looked): boolean {
  if (field === "body") return true;
  if (field === "size") return email.size > overBytes(value);
  const wanted = value.toLowerCase();
  const found = textsOf(field, email).some((text) =>
    is === "is" ? text.toLowerCase() === wanted : text.toLowerCase().includes(wanted),
  );
  return is === "not-contains" ? !found : found;
}

/** Those in a mailbox of which all conditions are so. */
async function matching(conditions: readonly Condition[], inMailbox: Id): Promise<readonly Looked[]> {
  const { client } = session;
  const filters = conditions.map(asked).filter((one) => one !== undefined);
  const filter: Filter = { operator: "AND", conditions: [{ inMailbox }, ...filters] };
  const limit = Math.min(pageSize, client.limit("maxObjectsInGet", pageSize));
  const found: Looked[] = [];
  for (let position = 0; ; ) {
    const answers = await client.direct([
      ["Email/query", { filter, sort: [{ property: "receivedAt" }], position, limit }, "q"],
      ["Email/get", { "#ids": { resultOf: "q", name: "Email/query", path: "/ids" }, properties }, "g"],
    ]);
    const ids: readonly Id[] = answers.get("q")?.ids ?? [];
    for (const email of (answers.get("g")?.list ?? []) as Looked[])
      if (conditions.every((condition) => holds(condition, email))) found.push(email);
    position += ids.length;
    if (ids.length === 0) return found;
  }
}

/** What the actions do to an email in the inbox. What is passed on to others is new mail only. */
async function patchOf(actions: readonly Action[], inbox: Id): Promise<Patch> {
  const patch: { [path: string]: true | null } = {};
  let leaves = false;
  for (const action of actions) {
    if (action.kind === "seen") patch["keywords/$seen"] = true;
    else if (action.kind === "star") patch["keywords/$flagged"] = true;
    else if (action.kind === "move" || action.kind === "copy" || action.kind === "trash") {
      const to =
        action.kind === "trash"
          ? (await mailboxOf("trash", t("role.trash"))).id
          : mailboxPaths().find(({ path }) => path === action.mailbox)?.id;
      if (to === undefined) continue;
      patch[`mailboxIds/${to}`] = true;
      leaves ||= action.kind !== "copy";
    }
  }
  if (leaves && patch[`mailboxIds/${inbox}`] === undefined) patch[`mailboxIds/${inbox}`] = null;
  return patch;
}

/** Answers how many it changed, and what takes it back; undefined where it failed, which has been said. */
async function applyToInbox(rule: Rule): Promise<{ readonly n: number; readonly back: Patches } | undefined> {
  const inbox = mailboxes.role("inbox")?.id;
  const patch = inbox === undefined ? {} : await patchOf(rule.actions, inbox);
  if (inbox === undefined || Object.keys(patch).length === 0) return { n: 0, back: new Map() };
  const back = new Map<Id, Patch>();
  for (const conditions of rule.all ? [rule.conditions] : rule.conditions.map((one) => [one]))
    for (const email of await matching(conditions, inbox)) {
      const undone = inverse(email, patch);
      if (Object.keys(undone).length > 0) back.set(email.id, undone);
    }
  const done = await apply(new Map([...back.keys()].map((id) => [id, patch])));
  return done === undefined ? undefined : { n: back.size, back };
}

/** With "undo". */
export async function applyNow(rule: Rule): Promise<void> {
  const done = await applyToInbox(rule);
  if (done === undefined) return;
  const back = () =>
    void apply(done.back).then(() => {
      view.refreshSoon();
    });
  const said = t("rule.applied", { n: done.n });
  if (done.n === 0) toast(said);
  else offerUndo(said, back);
  view.refreshSoon();
}
