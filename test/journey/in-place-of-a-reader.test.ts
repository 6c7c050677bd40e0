/** What the server does for somebody who reads, so that senders do not learn who they are: pictures, lists left by a click, and snoozed mail woken. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createServer as createHttp, type IncomingMessage } from "node:http";
import { createServer as createHttps } from "node:https";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { test } from "node:test";
import { setTimeout as wait } from "node:timers/promises";
import { isDeepStrictEqual } from "node:util";
import { startDev, temporaryFolder } from "../dev-process.ts";
import { JmapTalk } from "../jmap-talk.ts";

const gif = Buffer.from("R0lGODlhAQABAIAAAP///wAAACH5BAEAAAAALAAAAAABAAEAAAICRAEAOw==", "base64");

test("in place of a reader", async (t) => {
  const data = await temporaryFolder(t);
  const dev = await startDev(["--users", "1", "--data", data, "--cleartext-auth", "--ca", join(data, "tls", "ca.pem")]);
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
    const letter = (results: string, covered: string, path: string) =>
      [
        `Authentication-Results: ${results}`,
        `DKIM-Signature: v=1; a=rsa-sha256; d=list.test; s=a; h=from:subject:${covered}; bh=x; b=x`,
        "From: list@list.test",
        "Subject: News",
        `List-Unsubscribe: <mailto:x@list.test>, <https://127.0.0.1:${listPort}${path}>`,
        "List-Unsubscribe-Post: List-Unsubscribe=One-Click",
        "",
        "hello",
      ].join("\r\n");
    const both = "list-unsubscribe:list-unsubscribe-post";
    const ours = `mail.${dev.ready.domain}`;
    const good = `${ours}; dkim=pass header.d=list.test; dmarc=pass header.from=list.test`;
    const leave = async (raw: string) => {
      const using = [
        ...["core", "mail"].map((name) => `urn:ietf:params:jmap:${name}`),
        "urn:angarium:params:jmap:unsubscribe",
      ];
      const emailId = await talk.import(raw);
      const response = await talk.post({
        using,
        methodCalls: [["Email/unsubscribe", { accountId: talk.accountId, emailId }, "u"]],
      });
      const { methodResponses } = (await response.json()) as { methodResponses: [string, { type?: string }, string][] };
      const [name, answer] = methodResponses[0] ?? ["", {}];
      return name === "error" ? answer.type : name;
    };
    seen.length = 0;
    assert.equal(await leave(letter(good, "list-unsubscribe", "/a")), "notCovered");
    assert.equal(await leave(letter(good.replace("pass", "fail"), both, "/a")), "notCovered");
    assert.equal(await leave(letter(good.replace(ours, "mx.stranger.test"), both, "/a")), "notCovered");
    assert.equal(
      await leave(
        letter(good, both, "/a").replace("list@list.test", "l@list.test\r\nList-Unsubscribe: <https://other.test/>"),
      ),
      "notCovered",
    );
    assert.equal(await leave(letter(good, both, "/a").replace("One-Click", "Two-Clicks")), "noWay");
    assert.equal(seen.length, 0, "nobody was asked");
    assert.equal(await leave(letter(good, both, "/leave?who=1")), "Email/unsubscribe");
    assert.deepEqual(
      [seen[0]?.method, seen[0]?.url, bodies[0]],
      ["POST", "/leave?who=1", "List-Unsubscribe=One-Click"],
    );
    assert.equal(seen[0]?.headers["content-type"], "application/x-www-form-urlencoded");
    assert.equal(await leave(letter(good, both, "/no")), "notLeft");
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
