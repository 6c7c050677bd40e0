/** Several clients of IMAP and of JMAP change one mailbox at once; at the end, and for those who follow, there is one truth. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { ImapFlow } from "imapflow";
import { type DevProcess, startDev } from "../dev-process.ts";
import { type Any, JmapTalk } from "../jmap-talk.ts";

let dev: DevProcess;
before(async () => {
  dev = await startDev(["--users", "1", "--cleartext-auth"]);
});
after(() => dev.stop());

const user = "u1@example.test";
const messages = 40;
const turns = 25;

async function imapClient(): Promise<ImapFlow> {
  const client = new ImapFlow({
    host: "127.0.0.1",
    port: dev.ready.ports["imap"] as number,
    secure: false,
    doSTARTTLS: false,
    auth: { user, pass: "pw" },
    logger: false,
  });
  await client.connect();
  return client;
}

function randomFrom(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return (state >>> 8) % below;
  };
}

/** The mailbox as IMAP shows it: id, flags. */
async function asImap(client: ImapFlow, path: string): Promise<string[]> {
  const lock = await client.getMailboxLock(path);
  try {
    const lines: string[] = [];
    for await (const message of client.fetch("1:*", { flags: true, uid: true, threadId: true } as Any)) {
      const flags = [...(message.flags ?? [])].filter((flag) => flag !== "\\Recent");
      if (flags.includes("\\Deleted")) continue;
      lines.push(
        `${(message as Any).emailId} ${flags
          .map((flag) => flag.replace(/^\\/, "$").toLowerCase())
          .sort()
          .join(" ")}`,
      );
    }
    return lines.sort();
  } finally {
    lock.release();
  }
}

async function asJmap(me: JmapTalk, mailbox: string): Promise<string[]> {
  const [, get] = await me.calls(
    ["Email/query", { filter: { inMailbox: mailbox } }, "q"],
    ["Email/get", { "#ids": { resultOf: "q", name: "Email/query", path: "/ids" }, properties: ["keywords"] }, "g"],
  );
  return get?.[1].list.map((email: Any) => `${email.id} ${Object.keys(email.keywords).sort().join(" ")}`).sort();
}

test("IMAP and JMAP at once: no difference", { timeout: 120_000 }, async () => {
  const origin = `http://127.0.0.1:${dev.ready.ports["http"]}`;
  const me = await new JmapTalk(origin, user, "pw").open();
  const inbox = await me.mailbox("inbox");
  const archive = await me.mailbox("archive");
  const { blobId } = await me.upload("From: a@b.test\r\nSubject: One of many\r\n\r\nHello\r\n", "message/rfc822");
  const emails = Object.fromEntries(
    Array.from({ length: messages }, (_, i) => [`e${i}`, { blobId, mailboxIds: { [inbox]: true } }]),
  );
  const imported = await me.call("Email/import", { emails });
  const ids: string[] = Object.values(imported.created).map((one: Any) => one.id);

  // One that only follows: what it knows must be what there is.
  const known = new Map<string, string>();
  let state = (await me.call("Email/get", { ids: [] })).state as string;
  const remember = (list: readonly Any[]) => {
    for (const email of list)
      known.set(email.id, JSON.stringify([Object.keys(email.keywords).sort(), Object.keys(email.mailboxIds).sort()]));
  };
  const properties = ["keywords", "mailboxIds"];
  remember((await me.call("Email/get", { ids, properties })).list);
  let ended = false;
  const follow = async (talk: JmapTalk) => {
    for (let last = false; !last; ) {
      last = ended;
      const changes = await talk.call("Email/changes", { sinceState: state, maxChanges: 7 });
      for (const id of changes.destroyed) known.delete(id);
      const got = await talk.call("Email/get", { ids: [...changes.created, ...changes.updated], properties });
      for (const id of got.notFound) known.delete(id);
      remember(got.list);
      state = changes.newState;
      if (changes.hasMoreChanges) last = false;
    }
  };
  const following = follow(await new JmapTalk(origin, user, "pw").open());

  const byJmap = async (seed: number) => {
    const talk = await new JmapTalk(origin, user, "pw").open();
    const random = randomFrom(seed);
    for (let turn = 0; turn < turns; turn++) {
      const id = ids[random(ids.length)] as string;
      const other = ids[random(ids.length)] as string;
      const patches = [
        { [id]: { "keywords/$seen": true }, [other]: { "keywords/$flagged": true } },
        { [id]: { "keywords/$seen": null } },
        { [id]: { mailboxIds: { [archive]: true } }, [other]: { "keywords/$answered": true } },
        { [id]: { mailboxIds: { [inbox]: true } } },
        { [id]: { [`mailboxIds/${archive}`]: true } },
      ];
      const update = patches[random(patches.length)];
      await talk.call("Email/set", random(12) === 0 ? { destroy: [id] } : { update });
    }
  };
  const byImap = async (seed: number) => {
    const client = await imapClient();
    const random = randomFrom(seed);
    try {
      for (let turn = 0; turn < turns; turn++) {
        const lock = await client.getMailboxLock(random(2) === 0 ? "INBOX" : "Archive");
        try {
          const exists = (client.mailbox as Any).exists as number;
          if (exists === 0) continue;
          const at = String(1 + random(exists));
          switch (random(5)) {
            case 0:
              await client.messageFlagsAdd(at, ["\\Seen", "\\Flagged"]);
              break;
            case 1:
              await client.messageFlagsRemove(at, ["\\Seen"]);
              break;
            case 2:
              await client.messageMove(at, random(2) === 0 ? "INBOX" : "Archive");
              break;
            case 3:
              await client.messageFlagsAdd(at, ["$Label"]);
              break;
            default:
              if (random(4) === 0) await client.messageDelete(at);
          }
        } finally {
          lock.release();
        }
      }
    } finally {
      await client.logout();
    }
  };
  await Promise.all([byJmap(1), byJmap(2), byJmap(3), byImap(4), byImap(5)]);
  ended = true;
  await following;

  const everything = await me.call("Email/get", { ids: null, properties });
  const truth = new Map<string, string>();
  for (const email of everything.list)
    truth.set(email.id, JSON.stringify([Object.keys(email.keywords).sort(), Object.keys(email.mailboxIds).sort()]));
  assert.deepEqual([...known].sort(), [...truth].sort(), "who followed knows what there is");
  const imap = await imapClient();
  const inJmap = new Set(everything.list.map((email: Any) => email.id));
  for (const [path, id] of [
    ["INBOX", inbox],
    ["Archive", archive],
  ] as const) {
    const shown = await asImap(imap, path);
    const emailsShown = [...new Set(shown.map((line) => line.split(" ")[0] as string))].sort();
    const jmap = await asJmap(me, id);
    assert.deepEqual(jmap.map((line) => line.split(" ")[0] as string).sort(), emailsShown, `${path}: the same emails`);
    // Of copies in two mailboxes IMAP may show fewer flags than all of them have together.
    for (const line of shown) {
      const [email, ...flags] = line.split(" ");
      assert.ok(inJmap.has(email));
      const keywords = jmap.find((one) => one.startsWith(`${email} `))?.split(" ") ?? [];
      for (const flag of flags.filter((one) => one !== "")) assert.ok(keywords.includes(flag), `${path} ${line}`);
    }
    const [counts] = (await me.call("Mailbox/get", { ids: [id] })).list;
    assert.equal(counts.totalEmails, emailsShown.length, `${path}: counted`);
  }
  await imap.logout();
});
