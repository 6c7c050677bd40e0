/** What the server does for somebody who reads, so that senders do not learn who they are: pictures, lists left by a click, and snoozed mail woken. */
import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { createServer as createHttp, type IncomingMessage } from "node:http";
import { createServer as createHttps } from "node:https";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { test } from "node:test";
import { setTimeout as wait } from "node:timers/promises";
import { isDeepStrictEqual } from "node:util";
import { dkimSignature } from "../../server/sign/dkim-signature.ts";
import { startDev, temporaryFolder } from "../dev-process.ts";
import { JmapTalk } from "../jmap-talk.ts";
import { SmtpTalk } from "../smtp-talk.ts";

// biome-ignore lint/suspicious/noExplicitAny: answers are looked at here.
type Any = any;
const gif = Buffer.from("R0lGODlhAQABAIAAAP///wAAACH5BAEAAAAALAAAAAABAAEAAAICRAEAOw==", "base64");

test("in place of a reader", async (t) => {
  const data = await temporaryFolder(t);
  const signing = generateKeyPairSync("ed25519");
  const publicKey = signing.publicKey.export({ type: "spki", format: "der" }).subarray(12).toString("base64");
  const dns = join(await temporaryFolder(t), "dns.json");
  writeFileSync(
    dns,
    JSON.stringify({
      "s._domainkey.list.test": { TXT: `v=DKIM1; k=ed25519; p=${publicKey}` },
      "list.test": { A: ["127.0.0.1"] },
    }),
  );
  const ca = ["--ca", join(data, "tls", "ca.pem")];
  const dev = await startDev(["--users", "1", "--data", data, "--cleartext-auth", "--dns", dns, ...ca]);
  t.after(async () => {
    await dev.stop();
  });
  const seen: IncomingMessage[] = [];
  const bodies: string[] = [];
  const listen = async (server: ReturnType<typeof createHttp> | ReturnType<typeof createHttps>) => {
    await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
    t.after(async () => {
      server.closeAllConnections();
      server.close();
    });
    return (server.address() as AddressInfo).port;
  };
  const picturePort = await listen(
    createHttp((request, response) => {
      seen.push(request);
      if (request.url === "/page") response.end("<script>alert(1)</script>");
      else response.writeHead(200, { "content-type": "image/gif" }).end(gif);
    }),
  );
  const pem =
    readFileSync(join(data, "tls", "server.pem"), "utf8") + readFileSync(join(data, "tls", "server-key.pem"), "utf8");
  const listPort = await listen(
    createHttps({ key: pem, cert: pem }, (request, response) => {
      seen.push(request);
      let body = "";
      request.on("data", (chunk: Buffer) => {
        body += chunk.toString();
      });
      request.on("end", () => {
        bodies.push(body);
        response.writeHead(request.url === "/no" ? 500 : 200).end();
      });
    }),
  );
  const talk = await new JmapTalk(`http://127.0.0.1:${dev.ready.ports["http"]}`, dev.ready.users[0] ?? "", "pw").open();
  const picture = (url: string, init?: RequestInit) => talk.fetch(`/jmap/picture?url=${encodeURIComponent(url)}`, init);

  await t.test("a picture comes from here, as nothing that could run", async () => {
    const { url } = talk.session.capabilities["urn:angarium:params:jmap:image-proxy"];
    assert.equal(url, `${talk.origin}/jmap/picture?url={url}`);
    const response = await picture(`http://127.0.0.1:${picturePort}/boat.gif`);
    assert.equal(response.status, 200);
    assert.equal(response.headers.get("content-type"), "image/gif");
    assert.match(response.headers.get("content-security-policy") ?? "", /^sandbox; default-src 'none'/);
    assert.equal(response.headers.get("x-content-type-options"), "nosniff");
    assert.equal(response.headers.get("set-cookie"), null);
    assert.deepEqual(Buffer.from(await response.arrayBuffer()), gif);
    const [{ headers }] = seen as [IncomingMessage];
    for (const name of ["cookie", "authorization", "referer", "x-forwarded-for", "accept-language", "origin"])
      assert.equal(headers[name], undefined, name);
    await picture(`http://127.0.0.1:${picturePort}/boat.gif`);
    assert.equal(seen.length, 1, "it was kept");
  });

  await t.test("what is no picture, nobody's, or inside is refused", async () => {
    assert.equal((await picture(`http://127.0.0.1:${picturePort}/page`)).status, 415);
    for (const url of [
      "http://10.0.0.1/",
      "http://169.254.169.254/latest",
      "http://[fd00::1]/",
      "file:///etc/passwd",
      "",
    ])
      assert.equal((await picture(url)).status, 400, url);
    const stranger = await fetch(
      `${talk.origin}/jmap/picture?url=${encodeURIComponent(`http://127.0.0.1:${picturePort}/`)}`,
    );
    assert.equal(stranger.status, 401);
    assert.equal((await talk.fetch("/jmap/mark?domain=none.test")).status, 404);
  });

  await t.test("a list is left where a good signature covers what says how", async () => {
    let number = 0;
    /** A letter with its signature over these fields. */
    const letter = (path: string, only: readonly string[], post = "One-Click") => {
      const text = [
        "From: list@list.test",
        `Subject: News ${++number}`,
        `List-Unsubscribe: <mailto:x@list.test>, <https://127.0.0.1:${listPort}${path}>`,
        `List-Unsubscribe-Post: List-Unsubscribe=${post}`,
        "",
        "hello",
        "",
      ].join("\r\n");
      const keys = [
        { selector: "s", privateKey: signing.privateKey.export({ type: "pkcs8", format: "pem" }) as string },
      ];
      return dkimSignature({ bytes: Buffer.from(text), domain: "list.test", keys, signedAt: Date.now(), only }) + text;
    };
    const some = ["from", "subject"];
    const both = [...some, "list-unsubscribe", "list-unsubscribe-post"];
    const using = [
      ...["core", "mail"].map((name) => `urn:ietf:params:jmap:${name}`),
      "urn:angarium:params:jmap:unsubscribe",
      "urn:angarium:params:jmap:authentication-results",
    ];
    const deliver = async (raw: string): Promise<string> => {
      const smtp = await SmtpTalk.open(dev.ready.ports["smtp"]!);
      await smtp.say("MAIL FROM:<list@list.test>");
      await smtp.say(`RCPT TO:<${dev.ready.users[0]}>`);
      assert.match(await smtp.message(raw.replaceAll("\r\n", "\n")), /^250/);
      await smtp.quit();
      const subject = /^Subject: (.*)\r$/m.exec(raw)?.[1];
      return (await talk.call("Email/query", { filter: { subject: `"${subject}"` } })).ids[0];
    };
    const leave = async (given: string | Promise<string>) => {
      const emailId = await given;
      const response = await talk.post({
        using,
        methodCalls: [["Email/unsubscribe", { accountId: talk.accountId, emailId }, "u"]],
      });
      const { methodResponses } = (await response.json()) as { methodResponses: [string, { type?: string }, string][] };
      const [name, answer] = methodResponses[0] ?? ["", {}];
      return name === "error" ? answer.type : name;
    };
    seen.length = 0;
    assert.equal(await leave(deliver(letter("/a", some))), "notCovered");
    assert.equal(await leave(deliver(letter("/a", both).replace("hello", "other"))), "notCovered");
    const twice = letter("/a", both).replace("Subject:", "List-Unsubscribe: <https://other.test/>\r\nSubject:");
    assert.equal(await leave(deliver(twice)), "notCovered");
    // A signature that holds, and one of its name that would cover the fields but never held.
    const [said = "", way = ""] = [/^DKIM-Signature:.*?\r\n(?![ \t])/s, /^List-.*?(?=\r\n\r\n)/ms].map(
      (pattern) => pattern.exec(letter("/a", both))?.[0],
    );
    const held = letter("/a", some);
    const start = (field: string) => /b=\s*(\S{8})/.exec(field.replace(/bh=[^;]*;/, ""))?.[1] ?? "";
    for (const b of [start(said), start(held)]) {
      assert.equal(b.length, 8);
      const lent = said.replace(start(said), b);
      assert.equal(await leave(deliver(lent + held.replace(/^List-.*?(?=\r\n\r\n)/ms, way))), "notCovered");
    }
    assert.equal(await leave(deliver(letter("/a", both, "Two-Clicks"))), "noWay");
    // What is imported may bear anybody's results, and ours.
    const good = `mail.${dev.ready.domain}; dkim=pass header.d=list.test; dmarc=pass header.from=list.test`;
    const forged = await talk.import(`Authentication-Results: ${good}\r\n${letter("/a", both)}`);
    assert.equal(await leave(forged), "notCovered");
    assert.equal(seen.length, 0, "nobody was asked");
    const wanted = letter("/leave?who=1", both);
    const delivered = await deliver(`Authentication-Results: ${good.replace("pass", "fail")}\r\n${wanted}`);
    assert.equal(await leave(delivered), "Email/unsubscribe");
    const get = (names: readonly string[]) =>
      talk.post({
        using: names,
        methodCalls: [
          [
            "Email/get",
            { accountId: talk.accountId, ids: [forged, delivered], properties: ["authenticationResults"] },
            "g",
          ],
        ],
      });
    const { methodResponses } = (await (await get(using)).json()) as Any;
    const [none, ours] = methodResponses[0][1].list;
    assert.equal(none.authenticationResults, null);
    assert.match(ours.authenticationResults, /^\s*mail\.example\.test;[\s\S]*dkim=pass\s+header\.d=list\.test/);
    assert.equal(((await (await get(using.slice(0, -1))).json()) as Any).methodResponses[0][0], "error");
    assert.deepEqual(
      [seen[0]?.method, seen[0]?.url, bodies[0]],
      ["POST", "/leave?who=1", "List-Unsubscribe=One-Click"],
    );
    assert.equal(seen[0]?.headers["content-type"], "application/x-www-form-urlencoded");
    assert.equal(await leave(deliver(letter("/no", both))), "notLeft");
  });

  await t.test("snoozed mail wakes without any page, where it was taken from", async () => {
    const inbox = await talk.mailbox("inbox");
    const { created } = await talk.call("Mailbox/set", { create: { s: { name: "Snoozed" }, f: { name: "From" } } });
    const ids = await Promise.all(
      ["one", "two", "three"].map((subject) =>
        talk.import(`From: a@b.test\r\nSubject: ${subject}\r\n\r\nx`, {
          mailboxIds: { [subject === "three" ? created.f.id : inbox]: true },
          keywords: { $seen: true },
        }),
      ),
    );
    const minute = Math.floor(Date.now() / 60_000);
    const sleep = (id: string, from: string, until: number) =>
      talk.call("Email/set", {
        update: {
          [id]: {
            [`mailboxIds/${from}`]: null,
            [`mailboxIds/${created.s.id}`]: true,
            [`keywords/snoozed-until-${until}`]: true,
          },
        },
      });
    await sleep(ids[0] ?? "", inbox, minute);
    await sleep(ids[1] ?? "", inbox, minute + 1000);
    await sleep(ids[2] ?? "", created.f.id, minute - 5);
    const look = async () => {
      const { list } = await talk.call("Email/get", { ids, properties: ["mailboxIds", "keywords"] });
      return ids.map((id) => {
        const { mailboxIds, keywords } = list.find((one: { id: string }) => one.id === id);
        return [Object.keys(mailboxIds).join(), Object.keys(keywords).join()];
      });
    };
    const wanted = [
      [inbox, ""],
      [created.s.id, `$seen,snoozed-until-${minute + 1000}`],
      [created.f.id, ""],
    ];
    for (let tries = 0; tries < 400 && !isDeepStrictEqual(await look(), wanted); tries++) await wait(150);
    assert.deepEqual(await look(), wanted);
  });
});
