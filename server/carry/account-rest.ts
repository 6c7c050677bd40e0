/** What an account has besides its mail, as an export writes it: scripts, contacts, identities, filter, rights, and by choice what opens it. */
import { isSealed } from "../access/sealed-passwords.ts";
import { breathingMap } from "../base/breathe.ts";
import { filterPrefixes } from "../judge/content/preference-keys.ts";
import type { Account, AccountId, Credential, Mailbox, Store } from "../store/store.ts";
import { type AccountFile, exportedObjects, formatName, type MailFormat } from "./account-file.ts";

export type RestPorts = {
  readonly store: Pick<
    Store,
    | "accounts"
    | "addresses"
    | "annotations"
    | "credentials"
    | "factors"
    | "mailboxRights"
    | "objects"
    | "setting"
    | "sieveScripts"
    | "vacationResponse"
  >;
  /** Hashes a password that waits for it (`access/sealed-passwords.ts`); the running server alone can. */
  readonly raise: ((credential: Credential) => Promise<Credential | undefined>) | undefined;
};

export async function restOf(
  account: Account,
  mailboxes: readonly Mailbox[],
  mail: MailFormat,
  passwords: boolean,
  { store, raise }: RestPorts,
): Promise<AccountFile> {
  const { id, name, displayName, role, quotaBytes, createdAt, disabled } = account;
  const [addresses, { scripts }, vacation, filter, notes, rights] = await Promise.all([
    store.addresses({ account: id }),
    store.sieveScripts(id),
    store.vacationResponse(id),
    store.setting(filterPrefixes.account + id),
    store.annotations(id),
    store.mailboxRights(id),
  ]);
  const paths = new Map(mailboxes.map((one) => [one.id, one.path]));
  const objects: { [type: string]: { id: string; data: unknown }[] } = {};
  for (const type of exportedObjects) {
    const found = await store.objects(id, type);
    if (found.objects.length > 0) objects[type] = await breathingMap(found.objects, ({ id, data }) => ({ id, data }));
  }
  const sharedBooks = await bookShares(objects["AddressBook"] ?? [], store);
  return {
    format: formatName,
    version: 1,
    mail,
    account: { name, displayName, role, quotaBytes, createdAt, disabled },
    mailboxes: mailboxes.map(({ path, role, subscribed, messages }) => ({ path, role, subscribed, messages })),
    addresses: addresses.map(({ local, domain }) => `${local}@${domain}`),
    scripts: scripts.map(({ name, content, active }) => ({ name, content, active })),
    vacation,
    objects,
    filter: filter as object | undefined,
    annotations: notes.map(({ mailbox, entry, value }) => ({
      ...(mailbox === 0 ? {} : { mailbox: paths.get(mailbox) ?? "" }),
      entry,
      value,
    })),
    shares: rights.flatMap(({ mailbox, granteeName, rights }) => {
      const path = paths.get(mailbox);
      return path === undefined ? [] : [{ mailbox: path, person: granteeName, rights }];
    }),
    sharedBooks,
    ...(passwords ? await secretsOf(id, store, raise) : {}),
  };
}

/** Whom the books are shared with; that is then taken out of the books themselves: our numbers name nobody, or others, elsewhere. */
async function bookShares(
  books: { id: string; data: unknown }[],
  store: Pick<Store, "accounts">,
): Promise<{ book: string; person: string; mayWrite: boolean }[]> {
  const found: { book: string; person: string; mayWrite: boolean }[] = [];
  for (const book of books) {
    const { shareWith, ...data } = book.data as {
      readonly shareWith?: { readonly [principal: string]: unknown } | null;
    };
    book.data = { ...data, shareWith: null };
    for (const [principal, rights] of Object.entries(shareWith ?? {})) {
      const [person] = await store.accounts({ id: Number(principal.slice(1)) });
      const mayWrite = (rights as { readonly mayWrite?: boolean }).mayWrite === true;
      if (person !== undefined) found.push({ book: book.id, person: person.name, mayWrite });
    }
  }
  return found;
}

async function secretsOf(
  id: AccountId,
  store: Pick<Store, "credentials" | "factors">,
  raise: RestPorts["raise"],
): Promise<Pick<AccountFile, "credentials" | "factors">> {
  const credentials: object[] = [];
  for (const found of await store.credentials(id)) {
    // One that waits to be hashed opens nothing elsewhere.
    const credential = isSealed(found) ? await raised(found, store, raise) : found;
    if (credential === undefined) continue;
    const { id: _, account: __, usedAt: ___, secondFactor: ____, ...kept } = credential;
    credentials.push(kept);
  }
  const factors = (await store.factors(id)).flatMap(({ kind, key, label, data }) =>
    kind === "totp-new" ? [] : [{ kind, key, label, data }],
  );
  return { credentials, factors };
}

/** Somebody may be faster: then it is hashed already. */
async function raised(
  sealed: Credential,
  store: Pick<Store, "credentials">,
  raise: RestPorts["raise"],
): Promise<Credential | undefined> {
  const done = await raise?.(sealed);
  if (done !== undefined) return done;
  return (await store.credentials(sealed.account)).find((one) => one.id === sealed.id && !isSealed(one));
}
