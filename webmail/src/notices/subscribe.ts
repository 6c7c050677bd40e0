/** Notices of new mail while the page is closed: a push subscription of this browser at the server (RFC 8620 §7.2, RFC 9749). */
import type { Client } from "../jmap/client.ts";
import { authorization } from "../jmap/credentials.ts";
import { Trouble } from "../jmap/trouble.ts";
import type { Id } from "../jmap/types.ts";
import { mailboxes } from "../state/mailboxes.svelte.ts";
import { t } from "../words.ts";
import { changeNotices, forgetNotices, type Notices, readNotices, writeNotices } from "./kept.ts";

const vapid = "urn:ietf:params:jmap:webpush-vapid";
/** Asked for at each renewal; the server may give less. */
const lifetimeMs = 7 * 24 * 60 * 60_000;
const renewBeforeMs = 4 * 24 * 60 * 60_000;

const keyOf = (client: Client): string | undefined => {
  const key = client.session.capabilities[vapid]?.["applicationServerKey"];
  return typeof key === "string" && key !== "" ? key : undefined;
};

/** Whether this browser and this server can. The worker asks without the page, which has to be by cookie. */
export const noticesWork = (client: Client): boolean =>
  authorization() === undefined &&
  keyOf(client) !== undefined &&
  "serviceWorker" in navigator &&
  "PushManager" in globalThis &&
  "Notification" in globalThis;

/** In all windows together one is done after the other: what is turned off while it is renewed stays off. */
const inTurn = <T>(act: () => Promise<T>, signal?: AbortSignal): Promise<T> =>
  "locks" in navigator
    ? (navigator.locks.request("angarium.notices", signal === undefined ? {} : { signal }, act) as Promise<T>)
    : act();
/** Who turns them off or signs out waits so long for a renewal that does not end. */
const maxWaitMs = 5_000;

export type Wish = { readonly mailboxes: readonly Id[]; readonly details: boolean };

const wordsNow = (): Notices["words"] => ({
  one: t("notices.one"),
  several: t("notices.several"),
  read: t("do.read"),
  archive: t("do.archive"),
  noSubject: t("list.noSubject"),
});

function deviceOf(): string {
  const name = "angarium.device";
  const known = localStorage.getItem(name) ?? crypto.randomUUID();
  localStorage.setItem(name, known);
  return known;
}

const expiry = () => new Date(Date.now() + lifetimeMs).toISOString().replace(/\.\d+/, "");

/** Asks the browser and the server. Throws Trouble in words where one of them says no. */
export const subscribe = (client: Client, wish: Wish): Promise<Notices> => inTurn(() => begin(client, wish));

async function begin(client: Client, wish: Wish): Promise<Notices> {
  const applicationServerKey = keyOf(client);
  if (applicationServerKey === undefined) throw new Trouble("said", t("notices.cannot"));
  if ((await Notification.requestPermission()) !== "granted") throw new Trouble("said", t("notices.denied"));
  const registration = await navigator.serviceWorker.ready;
  let push: PushSubscription;
  try {
    push = await registration.pushManager.subscribe({ userVisibleOnly: true, applicationServerKey });
  } catch (error) {
    // A key of another server that this browser was subscribed with.
    await (await registration.pushManager.getSubscription())?.unsubscribe();
    console.warn(error);
    throw new Trouble("said", t("notices.browser"));
  }
  const { endpoint, keys } = push.toJSON();
  const device = deviceOf();
  const [old] = (
    (await client.one("PushSubscription/get", { ids: null })) as { list: { id: Id; deviceClientId: string }[] }
  ).list.filter(({ deviceClientId }) => deviceClientId === device);
  const answers = await client.all([
    ["Email/get", { ids: [], properties: ["id"] }, "e"],
    [
      "PushSubscription/set",
      {
        create: { new: { deviceClientId: device, url: endpoint, keys, expires: expiry(), types: ["EmailDelivery"] } },
        ...(old === undefined ? {} : { destroy: [old.id] }),
      },
      "p",
    ],
  ]);
  const made = answers.get("p");
  const refused = made.notCreated?.new as { description?: string } | undefined;
  if (refused !== undefined) throw new Trouble("refused", refused.description ?? "");
  const notices: Notices = {
    device,
    subscriptionId: made.created.new.id as Id,
    expires: (made.created.new.expires ?? expiry()) as string,
    accountId: client.accountId,
    apiUrl: client.session.apiUrl,
    emailState: answers.get("e").state as string,
    words: wordsNow(),
    archive: mailboxes.role("archive")?.id,
    ...wish,
  };
  await writeNotices(notices);
  return notices;
}

export const changeWish = (wish: Wish): Promise<void> => changeNotices(wish);

/** At every start: a subscription that is near its end is renewed, one that is gone is made again. */
export const renew = (client: Client): Promise<void> => inTurn(() => goOn(client));

async function goOn(client: Client): Promise<void> {
  const now = await readNotices();
  if (now === undefined || !noticesWork(client) || Notification.permission !== "granted") return;
  if (now.accountId !== client.accountId) return forgetNotices();
  await changeNotices({ words: wordsNow(), archive: mailboxes.role("archive")?.id });
  if (Date.parse(now.expires) - Date.now() > renewBeforeMs) {
    // It has ended where the password was changed meanwhile.
    const { notFound } = await client.one("PushSubscription/get", { ids: [now.subscriptionId], properties: ["id"] });
    if ((notFound as readonly Id[]).length > 0) await begin(client, now);
    return;
  }
  const answer = await client.one("PushSubscription/set", { update: { [now.subscriptionId]: { expires: expiry() } } });
  if (answer.notUpdated?.[now.subscriptionId] !== undefined) {
    await begin(client, now);
    return;
  }
  await changeNotices({ expires: answer.updated?.[now.subscriptionId]?.expires ?? expiry() });
}

export async function unsubscribe(client: Client | undefined): Promise<void> {
  try {
    await inTurn(() => end(client), AbortSignal.timeout(maxWaitMs));
  } catch (error) {
    if (!(error instanceof DOMException && error.name === "TimeoutError")) throw error;
    await end(client);
  }
}

async function end(client: Client | undefined): Promise<void> {
  const now = await readNotices();
  await forgetNotices();
  if (now === undefined) return;
  const registration = await navigator.serviceWorker.getRegistration();
  await (await registration?.pushManager.getSubscription())?.unsubscribe().catch(() => false);
  for (const shown of (await registration?.getNotifications()) ?? []) shown.close();
  await client?.direct([["PushSubscription/set", { destroy: [now.subscriptionId] }, "p"]]).catch(() => {});
}
