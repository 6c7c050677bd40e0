/** Puts what `account-rest.ts` wrote into an account that an import makes. What the account has already stays as it is. */
import { filterPrefixes } from "../judge/content/preference-keys.ts";
import type { Account, AccountId, Instant, Store } from "../store/store.ts";
import type { Read } from "./account-file.ts";

export type RestorePorts = {
  readonly store: Pick<
    Store,
    | "accounts"
    | "activateSieveScript"
    | "addresses"
    | "domains"
    | "factors"
    | "mailboxes"
    | "mailboxRights"
    | "objects"
    | "objectsPut"
    | "putAddress"
    | "putAnnotations"
    | "putFactor"
    | "putSetting"
    | "putSieveScript"
    | "putVacationResponse"
    | "setMailboxRights"
    | "updateAccount"
  >;
  readonly now: () => Instant;
};

/** `fresh`: the account is this import's own, so that nobody's settings are overwritten. */
export async function restore(
  account: Account,
  file: Read,
  { store, now }: RestorePorts,
  fresh: boolean,
): Promise<void> {
  // Where there are more than are kept here, the one that runs is among those that are.
  for (const { name, content, active } of file.scripts.toSorted(
    (one, next) => Number(next.active) - Number(one.active),
  )) {
    const put = await store.putSieveScript(account.id, name, content, now());
    if (put.kind === "done" && active && fresh) await store.activateSieveScript(account.id, put.script.id);
  }
  for (const [type, all] of Object.entries(
    file.objects as { readonly [type: string]: readonly { id: string; data: unknown }[] },
  )) {
    const known = new Set((await store.objects(account.id, type)).objects.map(({ id }) => id));
    const edits = all
      .filter(({ id }) => !known.has(id))
      .map(({ id, data }) => ({ id, data: (type === "AddressBook" ? withoutShares(data) : data) as never }));
    if (edits.length > 0) await store.objectsPut(account.id, type, edits, undefined);
  }
  if (!fresh) return;
  const { vacation } = file;
  if (vacation !== undefined)
    await store.putVacationResponse(account.id, {
      isEnabled: vacation.isEnabled,
      fromDate: vacation.fromDate,
      toDate: vacation.toDate,
      subject: vacation.subject,
      textBody: vacation.textBody,
      htmlBody: vacation.htmlBody,
    });
  if (file.filter !== undefined) await store.putSetting(filterPrefixes.account + account.id, file.filter);
  await putAnnotations(account.id, file, store);
  const known = new Set((await store.factors(account.id)).map(({ kind, key, label }) => `${kind} ${key} ${label}`));
  for (const { kind, key, label, data } of file.factors ?? [])
    if (!known.has(`${kind} ${key} ${label}`)) await store.putFactor(account.id, { kind, key, label, data }, now());
  await putAddresses(account.id, file, store);
  if (file.account.disabled === true) await store.updateAccount(account.id, { disabled: true });
}

/** Exports of before wrote numbers of accounts, which are others here. */
const withoutShares = (data: unknown): object => ({ ...(data as object), shareWith: null });

async function putAnnotations(
  account: AccountId,
  file: Read,
  store: Pick<Store, "mailboxes" | "putAnnotations">,
): Promise<void> {
  if ((file.annotations ?? []).length === 0) return;
  const mailboxes = new Map((await store.mailboxes(account)).map(({ path, id }) => [path, id]));
  for (const { mailbox, entry, value } of file.annotations ?? []) {
    const id = mailbox === undefined ? 0 : mailboxes.get(mailbox);
    if (id !== undefined) await store.putAnnotations(account, id, [{ entry, value }]);
  }
}

/** Further addresses of its own, where nobody else has them. */
async function putAddresses(
  account: AccountId,
  file: Read,
  store: Pick<Store, "domains" | "addresses" | "putAddress">,
): Promise<void> {
  const domains = new Set((await store.domains()).map((domain) => domain.name));
  for (const address of file.addresses) {
    const at = address.lastIndexOf("@");
    const [local, domain] = [address.slice(0, at), address.slice(at + 1)];
    if (address === file.account.name || !domains.has(domain)) continue;
    if ((await store.addresses({ local, domain })).length > 0) continue;
    await store.putAddress({ local, domain, kind: "account", account, targets: [], senders: [] });
  }
}

/** Whom its mailboxes and address books are shared with, as far as they are here by now. */
export async function restoreShares(account: Account, file: Read, { store }: RestorePorts): Promise<void> {
  const idOf = async (name: string): Promise<AccountId | undefined> => {
    const [person] = await store.accounts({ name });
    return person === undefined || person.id === account.id ? undefined : person.id;
  };
  if ((file.shares ?? []).length > 0) {
    const mailboxes = new Map((await store.mailboxes(account.id)).map(({ path, id }) => [path, id]));
    for (const { mailbox, person, rights } of file.shares ?? []) {
      const [id, grantee] = [mailboxes.get(mailbox), await idOf(person)];
      if (id !== undefined && grantee !== undefined) await store.setMailboxRights(account.id, id, grantee, rights);
    }
  }
  const byBook = Map.groupBy(file.sharedBooks ?? [], ({ book }) => book);
  for (const [id, shares] of byBook) {
    const [book] = (await store.objects(account.id, "AddressBook", [id])).objects;
    if (book === undefined) continue;
    const shareWith: { [principal: string]: object } = {};
    const granted: { readonly grantee: AccountId; readonly mayWrite: boolean }[] = [];
    for (const { person, mayWrite } of shares) {
      const grantee = await idOf(person);
      if (grantee === undefined) continue;
      shareWith[`P${grantee}`] = { mayRead: true, mayWrite, mayShare: false, mayDelete: false };
      granted.push({ grantee, mayWrite });
    }
    const data = { ...(book.data as object), shareWith };
    await store.objectsPut(account.id, "AddressBook", [{ id, data: data as never }], undefined);
    const { state } = await store.objects(account.id, "AddressBook", []);
    // As sharing does it (`jmap/contact-sharing.ts`): who has got it knows of it by themselves.
    for (const { grantee, mayWrite } of granted)
      await store.objectsPut(
        grantee,
        "SharedAddressBook",
        [
          { id: `${account.id}-${id}`, data: { mayWrite, isSubscribed: true } as never },
          { id: String(account.id), data: state as never },
        ],
        undefined,
      );
  }
}
