/** Brings what `export.ts` wrote into an account, made where it is missing: mail with marks and times, scripts, contacts, identities. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { encodeUtf7 } from "../../protocol/imap/mailbox-name.ts";
import type { Account, AccountId, SpecialUse, Store } from "../store/store.ts";
import { type Read, readAccountFile } from "./account-file.ts";
import { type RestorePorts, restore, restoreShares } from "./account-restore.ts";
import { begin, end, isBegun } from "./begun.ts";
import { type FileMessage, type Left, readMbox } from "./files.ts";
import { type FilesImported, importMessages } from "./import-files.ts";
import { type Line, linesOf } from "./lines.ts";
import { CannotCarry, mailboxFor, type PutPorts } from "./put.ts";

export type AccountPorts = PutPorts &
  RestorePorts & {
    readonly store: PutPorts["store"] &
      RestorePorts["store"] &
      Pick<Store, "createAccount" | "deleteMailbox" | "renameMailbox" | "setting">;
  };

export type AccountImported = FilesImported & { readonly account: string; readonly created: boolean };

/** `as`: another name than the one it had. Rejects with `CannotCarry`. */
export async function importAccount(
  folder: string,
  as: string | undefined,
  ports: AccountPorts,
  tell: (counts: FilesImported) => void,
): Promise<AccountImported> {
  const { finish, ...imported } = await beginAccount(folder, as, ports, tell);
  await finish();
  return imported;
}

/** The same, where others come with it: `finish` when they are here, for what the account shares with them. */
export async function beginAccount(
  folder: string,
  as: string | undefined,
  ports: AccountPorts,
  tell: (counts: FilesImported) => void,
): Promise<AccountImported & { readonly finish: () => Promise<void> }> {
  const { store } = ports;
  const file = await readAccountFile(folder);
  const name = as ?? file.account.name;
  const [before] = await store.accounts({ name });
  const account = before ?? (await make(name, file, ports));
  const fresh = before === undefined || (await isBegun(store, name));
  if (fresh) await shapeMailboxes(account, file, ports);
  await makeMailboxes(account.id, file, ports);
  await restore(account, file, ports, fresh);
  const imported = await bringMail(account.id, folder, file, ports, tell);
  const finish = async (): Promise<void> => {
    if (!fresh) return;
    await restoreShares(account, file, ports);
    await end(store, name);
  };
  return { account: name, created: before === undefined, ...imported, finish };
}

/** Its mail and mailboxes alone, into an account that is here: for people who may not say what else belongs to it. Rejects with `CannotCarry`. */
export async function importMailOf(
  folder: string,
  account: AccountId,
  ports: PutPorts,
  tell: (counts: FilesImported) => void,
): Promise<FilesImported> {
  const file = await readAccountFile(folder);
  await makeMailboxes(account, file, ports);
  return bringMail(account, folder, file, ports, tell);
}

async function makeMailboxes(account: AccountId, { mailboxes }: Read, ports: PutPorts): Promise<void> {
  const { store } = ports;
  for (const { path, role } of mailboxes) await mailboxFor(ports, account, path, role as SpecialUse | undefined);
  const here = new Map((await store.mailboxes(account)).map((one) => [one.path, one]));
  for (const { path, subscribed } of mailboxes)
    if (here.get(path) !== undefined && here.get(path)?.subscribed !== subscribed)
      await store.setSubscribed(account, path, subscribed);
}

function bringMail(
  account: AccountId,
  folder: string,
  file: Read,
  ports: PutPorts,
  tell: (counts: FilesImported) => void,
): Promise<FilesImported> {
  const readers = { maildir: readOurMaildir, mbox: readOurMbox, json: readOurJson };
  const roles = new Map(file.mailboxes.map(({ path, role }) => [path, role as SpecialUse | undefined]));
  return importMessages(account, readers[file.mail](folder, [...roles.keys()]), ports, tell, ({ levels }) => ({
    path: levels.join("/"),
    role: roles.get(levels.join("/")),
    isView: false,
  }));
}

async function make(name: string, file: Read, { store, now }: AccountPorts): Promise<Account> {
  const { displayName, role, quotaBytes } = file.account;
  const credentials = (file.credentials ?? []).map(({ expiresAt, scopes, limits, ...kept }) => ({
    ...kept,
    expiresAt,
    ...(scopes === undefined ? {} : { scopes }),
    ...(limits === undefined ? {} : { limits }),
  }));
  await begin(store, name);
  const made = await store.createAccount({ name, displayName, role, quotaBytes }, credentials, now());
  if (made.kind === "done") return made.account;
  await end(store, name);
  throw new CannotCarry(
    made.kind === "no-domain"
      ? `The domain of ${name} is not here. Add it first: angarium domain add ${name.slice(name.lastIndexOf("@") + 1)}`
      : `${name} is an alias here: remove it, or give another name (--as).`,
  );
}

/** A new account has mailboxes of our names: they get those that the export has, and those that it has not go. */
async function shapeMailboxes(account: Account, file: Read, { store }: AccountPorts): Promise<void> {
  const wanted = new Map(
    file.mailboxes.flatMap(({ path, role }) => (role === undefined ? [] : [[role, path] as const])),
  );
  const paths = new Set(file.mailboxes.map(({ path }) => path));
  for (const { id, path, role, messages } of await store.mailboxes(account.id)) {
    if (role === undefined || role === "inbox") continue;
    const name = wanted.get(role);
    if (name === undefined) {
      if (messages === 0 && !paths.has(path)) await store.deleteMailbox(account.id, id);
    } else if (name !== path) await store.renameMailbox(account.id, id, name);
  }
}

const marksIn = ({ flags, keywords, at }: Line): Pick<FileMessage, "marks" | "receivedAt"> => ({
  marks: {
    flags: Number(flags) & 31,
    keywords: Array.isArray(keywords) ? keywords.filter((one): one is string => typeof one === "string") : [],
  },
  receivedAt: Number(at),
});

async function* readOurMaildir(folder: string, mailboxes: readonly string[]): AsyncGenerator<FileMessage | Left> {
  const root = join(folder, "Maildir");
  for (const path of mailboxes) {
    const levels = path.split("/").map((level) => encodeUtf7(level).replaceAll(".", "&AC4-"));
    const place = path === "INBOX" ? root : join(root, `.${levels.join(".")}`);
    for await (const line of linesOf(join(place, "angarium.ndjson"))) {
      const name = line["file"];
      // A name, and no path to somewhere else.
      if (typeof name !== "string" || name.includes("/")) continue;
      const bytes = await readFile(join(place, "cur", name)).catch(() => undefined);
      if (bytes === undefined) yield { left: `${join(place, "cur", name)} is missing.` };
      else yield { folder: path.split("/"), bytes, ...marksIn(line) };
    }
  }
}

async function* readOurMbox(folder: string): AsyncGenerator<FileMessage | Left> {
  const root = join(folder, "mbox");
  const index = linesOf(join(root, "angarium.ndjson"))[Symbol.asyncIterator]();
  const next = async (): Promise<Line | undefined> => {
    const { done, value } = await index.next();
    return done === true ? undefined : value;
  };
  for (let line = await next(); line !== undefined; ) {
    const { mailbox, file } = line;
    line = await next();
    if (typeof mailbox !== "string" || typeof file !== "string" || file.includes("/")) continue;
    let nth = -1;
    for await (const one of readMbox(join(root, file))) {
      nth++;
      // Its bytes as they are, where an mbox file cannot hold them.
      const exact = line?.["nth"] === nth && typeof line["bytes"] === "string" ? line["bytes"] : undefined;
      if (exact !== undefined) line = await next();
      if ("left" in one) yield one;
      else
        yield {
          ...one,
          ...(exact === undefined ? {} : { bytes: Buffer.from(exact, "base64") }),
          folder: mailbox.split("/"),
        };
    }
  }
}

async function* readOurJson(folder: string): AsyncGenerator<FileMessage | Left> {
  for await (const line of linesOf(join(folder, "messages.ndjson"))) {
    const { mailbox, bytes } = line;
    if (typeof mailbox !== "string" || typeof bytes !== "string") continue;
    yield { folder: mailbox.split("/"), bytes: Buffer.from(bytes, "base64"), ...marksIn(line) };
  }
}
