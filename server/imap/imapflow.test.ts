/** A client that others wrote does its work. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { ImapFlow } from "imapflow";
import { freshStore, type TestStore } from "./fake-store.ts";
import { type ImapWorld, imapWorld } from "./fake-world.ts";

let kept: TestStore;
let world: ImapWorld;
before(async () => {
  kept = await freshStore();
  world = await imapWorld(kept.store, kept.accounts);
});
after(async () => {
  await world.close();
  await kept.close();
});

async function connected(options: object = {}): Promise<ImapFlow> {
  const client = new ImapFlow({
    host: "127.0.0.1",
    port: world.port,
    secure: false,
    doSTARTTLS: false,
    auth: { user: "u1@example.test", pass: "pw" },
    logger: false,
    ...options,
  });
  await client.connect();
  return client;
}

const message = (subject: string): string =>
  [
    "From: Ann <ann@example.test>",
    "To: Bob <bob@example.test>",
    `Subject: ${subject}`,
    `Message-ID: <${subject}@example.test>`,
    "Date: Mon, 2 Jan 2006 15:04:05 +0000",
    "MIME-Version: 1.0",
    'Content-Type: multipart/mixed; boundary="b"',
    "",
    "--b",
    "Content-Type: text/plain; charset=utf-8",
    "Content-Transfer-Encoding: quoted-printable",
    "",
    "Gr=C3=BC=C3=9Fe",
    "--b",
    "Content-Type: application/octet-stream; name=data.bin",
    "Content-Transfer-Encoding: base64",
    "",
    "AAEC",
    "--b--",
    "",
  ].join("\r\n");

for (const options of [{}, { disableCompression: true, qresync: true }])
  test(`imapflow ${JSON.stringify(options)}`, async () => {
    const client = await connected(options);
    const created = await client.mailboxCreate(["Arbeit", "Entwürfe & mehr"]);
    assert.equal(created.created, true);
    const { path } = created;
    assert.ok((await client.list()).some((mailbox) => mailbox.path === path));
    const lock = await client.getMailboxLock(path);
    try {
      for (const subject of ["one", "two", "three"]) {
        const appended = await client.append(path, message(subject), ["\\Seen"], new Date(1_600_000_000_000));
        assert.ok(appended !== false && appended.uid !== undefined);
      }
      const status = await client.status(path, { messages: true, unseen: true, uidNext: true, size: true } as object);
      assert.ok(status !== false);
      assert.equal(status.messages, 3);
      assert.equal(status.unseen, 0);

      const found = await client.search({ header: { subject: "two" } }, { uid: true });
      assert.deepEqual(found, [2]);
      const one = await client.fetchOne(
        "2",
        { envelope: true, bodyStructure: true, flags: true, source: true, internalDate: true },
        { uid: true },
      );
      assert.ok(one !== false);
      assert.equal(one.envelope?.subject, "two");
      assert.equal(one.envelope?.from?.[0]?.address, "ann@example.test");
      assert.equal(one.bodyStructure?.childNodes?.[1]?.type, "application/octet-stream");
      assert.equal(one.source?.toString(), message("two"));
      assert.ok(one.flags?.has("\\Seen"));
      assert.equal(new Date(one.internalDate as Date).getTime(), 1_600_000_000_000);

      const { content, meta } = await client.download("2", "1", { uid: true });
      assert.ok(meta !== undefined && content !== undefined);
      assert.equal(meta.contentType, "text/plain");
      const chunks: Buffer[] = [];
      for await (const chunk of content) chunks.push(chunk as Buffer);
      assert.equal(Buffer.concat(chunks).toString("utf8"), "Grüße");

      await client.messageFlagsAdd("1:2", ["\\Flagged", "$Label1"], { uid: true });
      await client.messageFlagsRemove("1", ["\\Flagged"], { uid: true });
      const flags = await client.fetchAll("1:*", { flags: true }, { uid: true });
      assert.deepEqual(
        flags.map(({ uid, flags }) => [
          uid,
          [...(flags ?? [])]
            .filter((flag) => flag !== "\\Recent")
            .sort()
            .join(),
        ]),
        [
          [1, "$Label1,\\Seen"],
          [2, "$Label1,\\Flagged,\\Seen"],
          [3, "\\Seen"],
        ],
      );
      assert.ok(await client.messageCopy("1", "INBOX", { uid: true }));
      const moved = await client.messageMove("2", "INBOX", { uid: true });
      assert.ok(moved !== false && moved.uidMap?.has(2));
      assert.equal(await client.messageDelete("1", { uid: true }), true);
      assert.deepEqual(
        (await client.fetchAll("1:*", { uid: true }, { uid: true })).map(({ uid }) => uid),
        [3],
      );

      const heard = new Promise<number>((resolve) => client.once("exists", ({ count }) => resolve(count)));
      const idling = client.idle();
      await new Promise((resolve) => setTimeout(resolve, 50));
      const other = await connected();
      await other.append(path, message("while idling"));
      await other.logout();
      assert.equal(await heard, 2);
      await client.noop();
      await idling;
    } finally {
      lock.release();
    }
    await client.mailboxDelete(path);
    await client.mailboxDelete("Arbeit");
    await client.logout();
  });
