/** The index of words in a running server: what arrives is found at once, attachments after a moment, and the same after a crash. */
import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { createTransport } from "nodemailer";
import { pdf, zip } from "../attachments/containers.ts";
import { ask } from "../beside.ts";
import { type DevProcess, startDev } from "../dev-process.ts";
import { JmapTalk } from "../jmap-talk.ts";

let dev: DevProcess;
let data: string;
const start = async (): Promise<void> => {
  dev = await startDev(["--users", "2", "--cleartext-auth", "--data", data]);
};
before(async () => {
  data = await mkdtemp(join(tmpdir(), "angarium-search-"));
  await start();
});
after(async () => {
  await dev.stop();
  await rm(data, { recursive: true, force: true });
});

async function find(text: string): Promise<readonly string[]> {
  const talk = await new JmapTalk(`http://127.0.0.1:${dev.ready.ports["http"]}`, "u1@example.test", "pw").open();
  const query = (await talk.call("Email/query", { filter: { text }, sort: [{ property: "receivedAt" }] })) as {
    readonly ids: readonly string[];
  };
  const got = (await talk.call("Email/get", { ids: query.ids, properties: ["subject"] })) as {
    readonly list: readonly { readonly subject: string }[];
  };
  return got.list.map(({ subject }) => subject).sort();
}

async function send(subject: string, text: string, attachments: readonly object[] = []): Promise<void> {
  const transport = createTransport({ host: "127.0.0.1", port: dev.ready.ports["smtp"]!, ignoreTLS: true });
  await transport.sendMail({
    from: "ann@far.test",
    to: "u1@example.test",
    subject,
    text,
    attachments: [...attachments],
  });
  transport.close();
}

async function until(holds: () => Promise<boolean>, what: string): Promise<void> {
  for (let tries = 0; tries < 600; tries++) {
    if (await holds()) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  assert.fail(what);
}

const indexed = async (): Promise<number> => {
  const sizes = (await ask(data, "search size", { account: "u1@example.test" })) as readonly {
    readonly emails: number;
  }[];
  return sizes[0]!.emails;
};

test("a word is found in the instant after its delivery, and words of attachments when they are indexed", async () => {
  await send("Minutes", "We met in the Café Zürich about the budget.");
  assert.deepEqual(await find("budg"), ["Minutes"]);
  assert.deepEqual(await find("zurich cafe"), ["Minutes"]);
  const stream = "BT /F1 12 Tf 72 720 Td (Grand total of hippopotamus) Tj ET";
  await send("Bill", "see attachments", [
    {
      filename: "bill.pdf",
      content: pdf([
        "<< /Type /Catalog /Pages 2 0 R >>",
        "<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents 4 0 R /Resources << /Font << /F1 5 0 R >> >> >>",
        `<< /Length ${stream.length} >>\nstream\n${stream}\nendstream`,
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
      ]),
    },
    {
      filename: "plan.docx",
      content: zip([{ name: "word/document.xml", bytes: "<w:p><w:t>rhinoceros plan</w:t></w:p>" }]),
    },
  ]);
  await until(async () => (await indexed()) === 2, "both are indexed");
  assert.deepEqual(await find("hippopotamus"), ["Bill"]);
  assert.deepEqual(await find("rhino"), ["Bill"]);
  assert.deepEqual(await find('"Grand budget"'), []);
  assert.deepEqual(await find("zurich cafe"), ["Minutes"]);
});

test("what fits best comes first where that is asked; the sort is announced, and stands alone", async () => {
  const talk = await new JmapTalk(`http://127.0.0.1:${dev.ready.ports["http"]}`, "u2@example.test", "pw").open();
  const own = talk.session.accounts[talk.accountId].accountCapabilities["urn:ietf:params:jmap:mail"];
  assert.ok(own.emailQuerySortOptions.includes("relevance"));
  const put = (subject: string, text: string): Promise<string> =>
    talk.import(`From: a@far.test\r\nSubject: ${subject}\r\n\r\n${text}\r\n`);
  const titled = await put("Walrus", "about the sea");
  const mentioned = await put("Minutes", "somebody saw a walrus");
  await until(async () => {
    const sizes = (await ask(data, "search size", { account: "u2@example.test" })) as readonly {
      readonly emails: number;
    }[];
    return sizes[0]!.emails === 2;
  }, "both are indexed");
  const query = (sort: readonly object[]) => talk.call("Email/query", { filter: { text: "walrus" }, sort });
  const ranked = (await query([{ property: "relevance", isAscending: false }])) as {
    readonly ids: readonly string[];
    readonly canCalculateChanges: boolean;
  };
  assert.deepEqual([ranked.ids, ranked.canCalculateChanges], [[titled, mentioned], false]);
  const wrong = await talk.error("Email/query", {
    filter: { text: "walrus" },
    sort: [{ property: "relevance", isAscending: false }, { property: "size" }],
  });
  assert.equal(wrong.type, "unsupportedSort");
});

test("after kill -9 what was not indexed yet is, and the index can be made anew", async () => {
  for (let count = 0; count < 70; count++) await send(`Crash ${count}`, `zebra number${count}`);
  await dev.kill();
  await start();
  assert.equal((await find("zebra")).length, 70);
  await until(async () => (await indexed()) === 72, "all are indexed");
  assert.deepEqual(await find("number42"), ["Crash 42"]);
  await ask(data, "search rebuild", { account: "u1@example.test" });
  assert.equal(await indexed(), 72);
  assert.equal((await find("zebra")).length, 70);
  assert.deepEqual(await find("rhino"), ["Bill"]);
});
