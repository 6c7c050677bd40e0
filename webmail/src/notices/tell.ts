/** In the service worker: what a push means, which new emails it is about, what is shown of them. The push itself says nothing about mail. */
import type { EmailAddress, Id } from "../jmap/types.ts";
import { changeNotices, type Notices, readNotices } from "./kept.ts";

type Pushed =
  | { readonly "@type": "PushVerification"; readonly pushSubscriptionId: Id; readonly verificationCode: string }
  | { readonly "@type": "StateChange"; readonly changed: { readonly [account: Id]: object } };
type New = {
  readonly id: Id;
  readonly threadId: Id;
  readonly mailboxIds: { readonly [id: Id]: boolean };
  readonly keywords: { readonly [name: string]: boolean };
  readonly from: readonly EmailAddress[] | null;
  readonly subject: string | null;
  readonly preview: string;
};
// biome-ignore lint/suspicious/noExplicitAny: the caller knows what it has asked for.
type Answer = any;

/** More than these are told as a number. */
const maxShown = 3;
/** Changes asked for at once, and how often: flags of all that was read elsewhere stand before the mail that is new. */
const maxLooked = 500;
const maxRounds = 20;
/** A question that hangs would hold up the notices that come after it. */
const timeoutMs = 20_000;
const day = 24 * 60 * 60_000;

async function ask(notices: Pick<Notices, "apiUrl">, methodCalls: readonly unknown[]): Promise<Map<string, Answer>> {
  const response = await fetch(notices.apiUrl, {
    method: "POST",
    headers: { "content-type": "application/json", "x-requested-with": "angarium" },
    signal: AbortSignal.timeout(timeoutMs),
    body: JSON.stringify({ using: ["urn:ietf:params:jmap:core", "urn:ietf:params:jmap:mail"], methodCalls }),
  });
  if (!response.ok) throw new Error(`${response.status}`);
  const { methodResponses } = (await response.json()) as { methodResponses: [string, Answer, string][] };
  return new Map(methodResponses.map(([name, args, id]) => [id, name === "error" ? undefined : args]));
}

/** New, unread, in a mailbox that is told of. */
const wanted = (one: New, { mailboxes }: Notices): boolean =>
  !one.keywords["$seen"] && !one.keywords["$draft"] && mailboxes.some((id) => one.mailboxIds[id]);

/** What has come since the state that was told last. `whole`: nothing is left out. */
async function newEmails(
  notices: Notices,
): Promise<{ readonly list: readonly New[]; readonly state: string; readonly whole: boolean }> {
  const { accountId } = notices;
  const list: New[] = [];
  let since = notices.emailState;
  for (let round = 0; round < maxRounds; round++) {
    const answers = await ask(notices, [
      ["Email/changes", { accountId, sinceState: since, maxChanges: maxLooked }, "c"],
      [
        "Email/get",
        {
          accountId,
          "#ids": { resultOf: "c", name: "Email/changes", path: "/created" },
          properties: ["id", "threadId", "mailboxIds", "keywords", "from", "subject", "preview"],
        },
        "g",
      ],
    ]);
    const changes: { readonly newState: string; readonly hasMoreChanges: boolean } | undefined = answers.get("c");
    if (changes === undefined) break;
    list.push(...((answers.get("g")?.list ?? []) as New[]));
    since = changes.newState;
    if (!changes.hasMoreChanges) return { list, state: since, whole: true };
  }
  const now = await ask(notices, [["Email/get", { accountId, ids: [], properties: ["id"] }, "s"]]);
  return { list, state: now.get("s").state as string, whole: false };
}

export type Worker = {
  readonly registration: ServiceWorkerRegistration;
  readonly clients: { matchAll(options: object): Promise<readonly (object & { visibilityState?: string })[]> };
};

async function show({ registration }: Worker, notices: Notices, list: readonly New[]): Promise<void> {
  const { words, details } = notices;
  const base = { icon: "/icon-192.png", badge: "/icon-192.png" };
  if (!details || list.length > maxShown) {
    const text = list.length === 1 ? words.one : words.several;
    await registration.showNotification(text, {
      ...base,
      tag: "new-mail",
      ...(list.length > 1 ? { body: String(list.length) } : {}),
      data: list.length === 1 ? { threadId: list[0]?.threadId } : {},
    });
    return;
  }
  for (const { id, threadId, from, subject, preview } of list)
    await registration.showNotification(from?.[0]?.name || from?.[0]?.email || words.one, {
      ...base,
      tag: id,
      body: `${subject?.trim() || words.noSubject}\n${preview.slice(0, 140)}`,
      data: { id, threadId },
      // Not every browser has them.
      actions: [
        { action: "read", title: words.read },
        ...(notices.archive === undefined ? [] : [{ action: "archive", title: words.archive }]),
      ],
    } as NotificationOptions);
}

const showThatThereIs = ({ registration }: Worker, { words }: Notices): Promise<void> =>
  registration.showNotification(words.one, { tag: "new-mail", icon: "/icon-192.png" });

/** A push has come. */
export async function pushed(worker: Worker, data: string): Promise<void> {
  const message = JSON.parse(data) as Pushed;
  if (message["@type"] === "PushVerification") return verified(message.pushSubscriptionId, message.verificationCode);
  // One after another: two that came together would both tell of the same mail.
  await navigator.locks.request("angarium-notices", () => changed(worker, message));
}

async function changed(worker: Worker, message: Pushed): Promise<void> {
  const notices = await readNotices();
  if (notices === undefined || message["@type"] !== "StateChange" || !(notices.accountId in message.changed)) return;
  let found: Awaited<ReturnType<typeof newEmails>>;
  try {
    found = await newEmails(notices);
  } catch {
    // Signed out, or the network has gone again: that there is mail is known all the same.
    return showThatThereIs(worker, notices);
  }
  await changeNotices({ emailState: found.state });
  const list = found.list.filter((one) => wanted(one, notices));
  // Who looks at the page sees it come.
  const looking = (await worker.clients.matchAll({ type: "window" })).some(
    ({ visibilityState }) => visibilityState === "visible",
  );
  if (!looking) {
    if (list.length > 0) await show(worker, notices, list);
    // More has happened than the server tells of: some of it is mail, or it would not have called.
    else if (!found.whole) await showThatThereIs(worker, notices);
  }
  if (Date.parse(notices.expires) - Date.now() < 3 * day) await prolong(notices);
}

/** RFC 8620 §7.2.2: the code comes back by the way that only we have. Pages write what they know after the push may have come. */
async function verified(id: Id, code: string): Promise<void> {
  const notices = await readNotices();
  const apiUrl = notices?.apiUrl ?? ((await (await fetch("/.well-known/jmap")).json()) as { apiUrl: string }).apiUrl;
  await ask({ apiUrl }, [["PushSubscription/set", { update: { [id]: { verificationCode: code } } }, "v"]]);
}

async function prolong(notices: Notices): Promise<void> {
  const wish = new Date(Date.now() + 7 * day).toISOString().replace(/\.\d+/, "");
  const id = notices.subscriptionId;
  const answer = (await ask(notices, [["PushSubscription/set", { update: { [id]: { expires: wish } } }, "p"]])).get(
    "p",
  );
  if (id in (answer?.updated ?? {})) await changeNotices({ expires: answer.updated[id]?.expires ?? wish });
}

/** Somebody has clicked a notice, or one of its buttons. Answers where to go. */
export async function clicked(
  action: string,
  data: { readonly id?: Id; readonly threadId?: Id } | undefined,
): Promise<string | undefined> {
  const notices = await readNotices();
  if (action === "" || notices === undefined || data?.id === undefined)
    return data?.threadId === undefined ? "/#/" : `/#/t/${encodeURIComponent(data.threadId)}`;
  const patch: { [path: string]: unknown } = { "keywords/$seen": true };
  if (action === "archive" && notices.archive !== undefined) {
    for (const id of notices.mailboxes) patch[`mailboxIds/${id}`] = null;
    patch[`mailboxIds/${notices.archive}`] = true;
  }
  await ask(notices, [["Email/set", { accountId: notices.accountId, update: { [data.id]: patch } }, "u"]]);
  return undefined;
}
