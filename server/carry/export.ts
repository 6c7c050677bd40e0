/**
 * Writes everything of an account into a folder: its mail as Maildir, mbox or JSON, and `account.json` with the rest. What is written can
 * be brought into another server (`import-account.ts`), equal message for message.
 */
import { mkdir, open, rename, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { encodeUtf7 } from "../../protocol/imap/mailbox-name.ts";
import type { Json } from "../../protocol/jmap/types.ts";
import { mboxMessage } from "../../protocol/mbox/mbox.ts";
import { writeJson } from "../base/write-json.ts";
import type { Account, Mailbox, MessageRow, Store } from "../store/store.ts";
import type { MailFormat } from "./account-file.ts";
import { type RestPorts, restOf } from "./account-rest.ts";
import { marksHead } from "./marks-field.ts";
import { CannotCarry, hashOf } from "./put.ts";

export type Exported = {
  readonly account: string;
  readonly folder: string;
  readonly messages: number;
  readonly bytes: number;
};

export type ExportPorts = RestPorts & { readonly store: RestPorts["store"] & Pick<Store, "mailboxes" | "fetch"> };

/** `into` is made where it is missing, and must hold nothing of this account. `passwords`: their hashes go with it. */
export async function exportAccount(
  account: Account,
  into: string,
  { format, passwords }: { readonly format: MailFormat; readonly passwords: boolean },
  ports: ExportPorts,
  tell: (messages: number, total: number) => void,
): Promise<Exported> {
  const { store } = ports;
  const folder = join(into, account.name);
  await mkdir(into, { recursive: true, mode: 0o700 });
  await mkdir(folder, { mode: 0o700 }).catch((error: NodeJS.ErrnoException) => {
    throw new CannotCarry(
      error.code === "EEXIST"
        ? `${folder} is there already: name another folder, or move it away.`
        : `${folder} cannot be made: ${error.message}.`,
    );
  });
  const mailboxes = await store.mailboxes(account.id);
  const writer = await writers[format](folder);
  let messages = 0;
  let bytes = 0;
  for (const mailbox of mailboxes) {
    await writer.begin(mailbox);
    for (let next: number | undefined = 1; next !== undefined; ) {
      const page: Awaited<ReturnType<Store["fetch"]>> | { readonly kind: string } = await store.fetch(
        account.id,
        mailbox.id,
        [[next, 0xffffffff]],
        ["marks", "receivedAt", "bytes"],
      );
      if (!("rows" in page)) break;
      for (const row of page.rows) {
        if (row.bytes === undefined) continue;
        await writer.put(row as MessageRow & { bytes: Uint8Array });
        messages++;
        bytes += row.sizeBytes;
      }
      tell(messages, account.usedMessages);
      next = page.next;
    }
    await writer.end();
  }
  await writer.close();
  const rest = await writeJson((await restOf(account, mailboxes, format, passwords, ports)) as unknown as Json);
  await writeFile(join(folder, "account.json"), rest, { mode: 0o600 });
  return { account: account.name, folder, messages, bytes };
}

// ---------------------------------------------------------------- the forms

type Row = MessageRow & { readonly bytes: Uint8Array };
type MailWriter = {
  begin(mailbox: Mailbox): Promise<void>;
  put(row: Row): Promise<void>;
  end(): Promise<void>;
  close(): Promise<void>;
};

/** All lines end with CRLF, the last one too: then a file of lines gives them back. */
const hasPlainLines = (bytes: Buffer): boolean =>
  bytes.subarray(-2).toString("latin1") === "\r\n" && !/(?:^|[^\r])\n|\r(?!\n)/.test(bytes.toString("latin1"));

const writers: { readonly [format in MailFormat]: (folder: string) => Promise<MailWriter> } = {
  maildir: async (folder) => {
    const root = join(folder, "Maildir");
    let place = root;
    let index: Awaited<ReturnType<typeof open>> | undefined;
    return {
      begin: async ({ path }) => {
        // Maildir++ separates levels by dots: one within a name is written as modified UTF-7 has it.
        const levels = path.split("/").map((level) => encodeUtf7(level).replaceAll(".", "&AC4-"));
        place = path === "INBOX" ? root : join(root, `.${levels.join(".")}`);
        for (const part of ["cur", "new", "tmp"]) await mkdir(join(place, part), { recursive: true, mode: 0o700 });
        if (place !== root) await writeFile(join(place, "maildirfolder"), "");
        index = await open(join(place, "angarium.ndjson"), "w", 0o600);
        await index.write(`${JSON.stringify({ mailbox: path })}\n`);
      },
      put: async ({ uid, bytes, flags, keywords, receivedAt }) => {
        const letters = [
          [16, "D"],
          [4, "F"],
          [2, "R"],
          [1, "S"],
        ] as const;
        const marks = letters.map(([bit, letter]) => ((flags & bit) !== 0 ? letter : "")).join("");
        const name = `${Math.floor(receivedAt / 1000)}.U${uid}.angarium,S=${bytes.length}:2,${marks}`;
        const tmp = join(place, "tmp", name);
        await writeFile(tmp, bytes, { mode: 0o600 });
        await utimes(tmp, receivedAt / 1000, receivedAt / 1000);
        await rename(tmp, join(place, "cur", name));
        await index?.write(`${JSON.stringify({ file: name, flags, keywords, at: receivedAt })}\n`);
      },
      end: async () => index?.close(),
      close: async () => {},
    };
  },
  mbox: async (folder) => {
    const root = join(folder, "mbox");
    await mkdir(root, { mode: 0o700 });
    let file: Awaited<ReturnType<typeof open>> | undefined;
    const index = await open(join(root, "angarium.ndjson"), "w", 0o600);
    const names = new Set<string>();
    let nth = 0;
    return {
      begin: async ({ path }) => {
        nth = 0;
        const plain = encodeUtf7(path.replaceAll("/", ".")).replaceAll("/", ",").slice(0, 150);
        // Two paths may come to one name: the second is told apart by its hash.
        const more = names.has(plain.toLowerCase()) ? `-${hashOf(Buffer.from(path)).slice(0, 12)}` : "";
        names.add(plain.toLowerCase());
        const name = `${plain}${more}.mbox`;
        file = await open(join(root, name), "wx", 0o600);
        await index.write(`${JSON.stringify({ mailbox: path, file: name })}\n`);
      },
      put: async ({ bytes, flags, keywords, receivedAt }) => {
        const head = marksHead({ flags, keywords }, receivedAt);
        const message = Buffer.from(bytes);
        await file?.write(mboxMessage(message, "", receivedAt, head));
        // What an mbox file cannot hold stands beside it.
        if (!hasPlainLines(message))
          await index.write(`${JSON.stringify({ nth, bytes: message.toString("base64") })}\n`);
        nth++;
      },
      end: async () => file?.close(),
      close: () => index.close(),
    };
  },
  json: async (folder) => {
    const file = await open(join(folder, "messages.ndjson"), "w", 0o600);
    let path = "";
    return {
      begin: async (mailbox) => {
        path = mailbox.path;
      },
      put: async ({ bytes, flags, keywords, receivedAt }) => {
        const line = { mailbox: path, flags, keywords, at: receivedAt, bytes: Buffer.from(bytes).toString("base64") };
        await file.write(`${JSON.stringify(line)}\n`);
      },
      end: async () => {},
      close: () => file.close(),
    };
  },
};
