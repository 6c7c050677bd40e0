/** What somebody does with Thunderbird, and what of it another program then sees on the server. */
import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { ImapFlow } from "imapflow";
import { ask } from "../beside.ts";
import type { Ready } from "../dev-process.ts";
import { smtpSend } from "../smtp-send.ts";
import { startThunderbird, type Thunderbird } from "./thunderbird.ts";

type Read = {
  readonly author: string;
  readonly text: string;
  readonly attachments: readonly { readonly name: string; readonly size: number }[];
};

export async function thunderbirdJourney(folder: string, ready: Ready): Promise<string> {
  const profile = join(folder, "thunderbird");
  const [one, two] = ready.users as [string, string];
  const beside = new ImapFlow({
    host: "127.0.0.1",
    port: ready.ports["imaps"] as number,
    secure: true,
    auth: { user: one, pass: ready.password },
    tls: { rejectUnauthorized: false },
    logger: false,
  });
  await beside.connect();
  let thunderbird = await startThunderbird(profile, ready);
  const { version } = thunderbird;
  try {
    await reading(thunderbird, ready, one, beside);
    await ask(ready.data, "account quota", { name: one, quota: "100M" });
    await sorting(thunderbird, beside);
    await writing(thunderbird, folder, one, two, beside);
    await junk(thunderbird, ready, one, beside);
    await popping(thunderbird, ready, two);
    assert.deepEqual(await thunderbird.complaints(), [], "answers that Thunderbird could not parse");
    await thunderbird.quit();
    await meanwhile(ready, one, beside);
    thunderbird = await startThunderbird(profile, ready);
    await again(thunderbird);
    assert.deepEqual(await thunderbird.complaints(), [], "answers that Thunderbird could not parse, later");
  } finally {
    await thunderbird.quit();
    await beside.logout();
  }
  return `Thunderbird ${version}: folders, idling, reading, flags and tags, moving, trash, junk, search at the server, drafts, sending with a copy, POP3, coming back`;
}

const special = { Sent: 0x200, Drafts: 0x400, Archive: 0x4000, Junk: 0x40000000, Trash: 0x100 };

async function reading({ act }: Thunderbird, ready: Ready, user: string, beside: ImapFlow): Promise<void> {
  await act("open", "imap");
  for (const [path, flag] of Object.entries(special)) await act("special", path, flag);
  await smtpSend(ready, undefined, [user], { subject: "Grüße", text: "Guten Tag, Ö.\n" });
  await act("hear", "INBOX", "Grüße");
  const read = await act<Read>("read", "INBOX", "Grüße");
  assert.equal(read.author, "stranger@far.test");
  assert.equal(read.text.trim(), "Guten Tag, Ö.");
  await act("mark", "INBOX", "Grüße", { read: true, flagged: true, tag: "$label1" });
  const flags = await seen(beside, "INBOX", "Grüße", (set) => set.has("$label1") && set.has("\\Flagged"));
  assert.ok(flags.has("\\Seen"));
}

async function sorting({ act }: Thunderbird, beside: ImapFlow): Promise<void> {
  await act("create", "", "Prüfung");
  await act("create", "Prüfung", "子");
  await act("rename", "Prüfung/子", "Ä & B");
  await act("move", "INBOX", "Grüße", "Prüfung/Ä & B");
  const flags = await seen(beside, "Prüfung/Ä & B", "Grüße", () => true);
  assert.ok(flags.has("$label1") && flags.has("\\Flagged"), "what was marked stays marked");
  await act("remove", "Prüfung/Ä & B", "Grüße");
  await act("hold", "Trash", 1);
  await act("removeFolder", "Prüfung/Ä & B");
  await act("gone", "Prüfung/Ä & B");
  await act("emptyTrash");
  await act("hold", "Trash", 0);
  const trash = await beside.status("Trash", { messages: true });
  assert.equal(trash ? trash.messages : undefined, 0);
}

async function writing(
  { act }: Thunderbird,
  folder: string,
  one: string,
  two: string,
  beside: ImapFlow,
): Promise<void> {
  const attachment = join(folder, "Übersicht 2026.csv");
  await writeFile(attachment, "a,b\r\n1,2\r\n".repeat(2_000));
  await act("write", { to: `${two}, ${one}`, subject: "Written ü", body: "<p>Hi <b>there</b></p>", attachment });
  await act("hear", "Sent", "Written ü");
  await act("hear", "INBOX", "Written ü");
  const read = await act<Read>("read", "INBOX", "Written ü");
  assert.match(read.author, /Ünser Eins/);
  assert.deepEqual(
    read.attachments.map(({ name, size }) => ({ name, size })),
    [{ name: "Übersicht 2026.csv", size: 20_000 }],
  );
  assert.deepEqual(await act("search", "INBOX", "there"), ["Written ü"]);
  assert.equal(await act("download", "INBOX"), 1);
  await act("write", { to: two, subject: "Later", body: "<p>Not yet</p>", draft: true });
  const flags = await seen(beside, "Drafts", "Later", () => true);
  assert.ok(flags.has("\\Draft"));
}

async function junk({ act }: Thunderbird, ready: Ready, user: string, beside: ImapFlow): Promise<void> {
  await smtpSend(ready, undefined, [user], { subject: "Cheap", text: "Buy now.\n" });
  await act("hear", "INBOX", "Cheap");
  await act("junk", "INBOX", "Cheap");
  await act("hold", "Junk", 1);
  const flags = await seen(beside, "Junk", "Cheap", (set) => set.has("Junk") || set.has("$Junk"));
  assert.ok(!flags.has("\\Deleted"));
}

async function popping({ act }: Thunderbird, ready: Ready, user: string): Promise<void> {
  await smtpSend(ready, undefined, [user], { subject: "By POP", text: "Hello.\n" });
  await act("open", "pop3");
  assert.deepEqual((await act<readonly string[]>("fetch")).slice(-2), ["Written ü", "By POP"]);
  const read = await act<Read>("read", "Inbox", "By POP", "pop3");
  assert.equal(read.text.trim(), "Hello.");
}

/** While Thunderbird is shut: another program marks one message, deletes another, and mail comes in. */
async function meanwhile(ready: Ready, user: string, beside: ImapFlow): Promise<void> {
  // Of somebody else: the filter has learnt what the user thinks of the stranger.
  await smtpSend(ready, undefined, [user], {
    from: "friend@near.test",
    subject: "New",
    text: "Shall we meet on Friday?\n",
  });
  const lock = await beside.getMailboxLock("INBOX");
  try {
    const [uid] = (await beside.search({ subject: "Written" }, { uid: true })) as number[];
    await beside.messageFlagsAdd(String(uid), ["\\Answered", "\\Flagged"], { uid: true });
  } finally {
    lock.release();
  }
  const trash = await beside.getMailboxLock("Junk");
  try {
    await beside.messageDelete("1:*", { uid: true });
  } finally {
    trash.release();
  }
}

async function again({ act }: Thunderbird): Promise<void> {
  await act("open", "imap");
  await act("hear", "INBOX", "New");
  await act("marked", "INBOX", "Written ü");
  await act("hold", "Junk", 0);
}

/** The flags that another program sees of a message, once they are as expected. */
async function seen(
  beside: ImapFlow,
  path: string,
  subject: string,
  expected: (flags: Set<string>) => boolean,
): Promise<Set<string>> {
  for (let attempt = 0; ; attempt++) {
    const lock = await beside.getMailboxLock(path);
    try {
      for await (const message of beside.fetch("1:*", { envelope: true, flags: true })) {
        if (message.envelope?.subject === subject && expected(message.flags as Set<string>))
          return message.flags as Set<string>;
        if (attempt === 100) assert.fail(`${subject} has ${[...(message.flags ?? [])].join(" ")}`);
      }
    } finally {
      lock.release();
    }
    assert.ok(attempt < 100, `${subject} is not in ${path}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}
