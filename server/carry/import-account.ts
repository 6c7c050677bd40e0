/** Brings what `export.ts` wrote into an account, made where it is missing: mail with marks and times, scripts, contacts, identities. */
import { createReadStream } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { encodeUtf7 } from "../../protocol/imap/mailbox-name.ts";
import type { Account, Instant, SpecialUse, Store } from "../store/store.ts";
import { readAccountFile } from "./account-file.ts";
import { type FileMessage, type Left, readMbox } from "./files.ts";
import { type FilesImported, importMessages } from "./import-files.ts";
import { CannotCarry, mailboxFor, type PutPorts } from "./put.ts";

export type AccountPorts = PutPorts & {
  readonly store: PutPorts["store"] &
    Pick<
      Store,
      | "accounts"
      | "createAccount"
      | "addresses"
      | "domains"
      | "putAddress"
      | "putSieveScript"
      | "activateSieveScript"
      | "putVacationResponse"
      | "objects"
      | "objectsPut"
    >;
  readonly now: () => Instant;
};

export type AccountImported = FilesImported & { readonly account: string; readonly created: boolean };

/** `as`: another name than the one it had. Rejects with `CannotCarry`. */
export async function importAccount(
  folder: string,
  as: string | undefined,
  ports: AccountPorts,
  tell: (counts: FilesImported) => void,
): Promise<AccountImported> {
  const { store, now } = ports;
  const file = await readAccountFile(folder);
  const name = as ?? file.account.name;
  let [account] = await store.accounts({ name });
  const created = account === undefined;
  if (account === undefined) {
    const { displayName, role, quotaBytes } = file.account;
    const credentials = (file.credentials ?? []).map(({ expiresAt, scopes, ...kept }) => ({
      ...kept,
      expiresAt,
      ...(scopes === undefined ? {} : { scopes }),
    }));
    const made = await store.createAccount({ name, displayName, role, quotaBytes }, credentials, now());
    if (made.kind === "no-domain")
      throw new CannotCarry(
        `The domain of ${name} is not here. Add it first: angarium domain add ${name.slice(name.lastIndexOf("@") + 1)}`,
      );
    if (made.kind !== "done")
      throw new CannotCarry(`${name} is an alias here: remove it, or give another name (--as).`);
    account = made.account;
  }
  for (const { path, role } of file.mailboxes)
    await mailboxFor(ports, account.id, path, role as SpecialUse | undefined);
  const here = new Map((await store.mailboxes(account.id)).map((one) => [one.path, one]));
  for (const { path, subscribed } of file.mailboxes)
    if (here.get(path) !== undefined && here.get(path)?.subscribed !== subscribed)
      await store.setSubscribed(account.id, path, subscribed);
  await restore(account, file, ports, created);
  const readers = { maildir: readOurMaildir, mbox: readOurMbox, json: readOurJson };
  const roles = new Map(file.mailboxes.map(({ path, role }) => [path, role as SpecialUse | undefined]));
  const imported = await importMessages(
    account.id,
    readers[file.mail](folder, [...roles.keys()]),
    ports,
    tell,
    ({ levels }) => ({ path: levels.join("/"), role: roles.get(levels.join("/")), isView: false }),
  );
  return { account: name, created, ...imported };
}

/** What is not mail. What the account has already stays as it is. */
async function restore(
  account: Account,
  file: Awaited<ReturnType<typeof readAccountFile>>,
  { store, now }: AccountPorts,
  fresh: boolean,
): Promise<void> {
  for (const { name, content, active } of file.scripts) {
    const put = await store.putSieveScript(account.id, name, content, now());
    if (put.kind === "done" && active && fresh) await store.activateSieveScript(account.id, put.script.id);
  }
  const { vacation } = file;
  if (vacation !== undefined && fresh)
    await store.putVacationResponse(account.id, {
      isEnabled: vacation.isEnabled,
      fromDate: vacation.fromDate,
      toDate: vacation.toDate,
      subject: vacation.subject,
      textBody: vacation.textBody,
      htmlBody: vacation.htmlBody,
    });
  for (const [type, all] of Object.entries(
    file.objects as { readonly [type: string]: readonly { id: string; data: unknown }[] },
  )) {
    const known = new Set((await store.objects(account.id, type)).objects.map(({ id }) => id));
    const edits = all.filter(({ id }) => !known.has(id)).map(({ id, data }) => ({ id, data: data as never }));
    if (edits.length > 0) await store.objectsPut(account.id, type, edits, undefined);
  }
  if (!fresh) return;
  // Further addresses of its own, where nobody else has them.
  const domains = new Set((await store.domains()).map((domain) => domain.name));
  for (const address of file.addresses) {
    const at = address.lastIndexOf("@");
    const [local, domain] = [address.slice(0, at), address.slice(at + 1)];
    if (address === file.account.name || !domains.has(domain)) continue;
    if ((await store.addresses({ local, domain })).length > 0) continue;
    await store.putAddress({ local, domain, kind: "account", account: account.id, targets: [], senders: [] });
  }
}

type Line = { readonly [name: string]: unknown };

async function* linesOf(path: string): AsyncGenerator<Line> {
  const lines = createInterface({ input: createReadStream(path, "utf8"), crlfDelay: Number.POSITIVE_INFINITY });
  for await (const line of lines) {
    if (line === "") continue;
    let value: unknown;
    try {
      value = JSON.parse(line);
    } catch {
      throw new CannotCarry(`${path} has a line that is no JSON: it was cut off or changed.`);
    }
    if (typeof value === "object" && value !== null) yield value as Line;
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
  for await (const { mailbox, file } of linesOf(join(root, "angarium.ndjson"))) {
    if (typeof mailbox !== "string" || typeof file !== "string" || file.includes("/")) continue;
    for await (const one of readMbox(join(root, file)))
      yield "left" in one ? one : { ...one, folder: mailbox.split("/") };
  }
}

async function* readOurJson(folder: string): AsyncGenerator<FileMessage | Left> {
  for await (const line of linesOf(join(folder, "messages.ndjson"))) {
    const { mailbox, bytes } = line;
    if (typeof mailbox !== "string" || typeof bytes !== "string") continue;
    yield { folder: mailbox.split("/"), bytes: Buffer.from(bytes, "base64"), ...marksIn(line) };
  }
}
