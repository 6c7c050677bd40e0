/** The webmail at a server that is not ours: no door of our own, no capability of our own, a filter it does not know. Ours stands behind it, made so. */
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import { eventReader, openEvents } from "../../webmail/src/jmap/event-stream.ts";
import { type Person, row, startPages } from "./browser.ts";
import { ordinaryDay, seedMail } from "./seed.ts";

test("events of a stream, cut at every character", () => {
  const text = ': hello\r\nevent: state\r\ndata: {"a":\r\ndata: 1}\r\n\r\nevent:ping\ndata\n\ndata: x\r\revent: lost\n';
  const wanted = [
    { name: "state", data: '{"a":\n1}' },
    { name: "ping", data: "" },
    { name: "message", data: "x" },
  ];
  for (let cut = 0; cut <= text.length; cut++) {
    const next = eventReader();
    assert.deepEqual([...next(text.slice(0, cut)), ...next(text.slice(cut))], wanted, `cut at ${cut}`);
  }
});

test("a server that has no events says so once, and is not asked for them again and again", async (t) => {
  const told: string[] = [];
  let status = 204;
  t.mock.method(globalThis, "fetch", async () => new Response(null, { status }));
  const answer = (is: number) =>
    new Promise<void>((done) => {
      status = is;
      const tell = (what: string) => () => {
        told.push(`${status} ${what}`);
        done();
      };
      openEvents("http://x.test/", 1_000, {
        open: tell("open"),
        event: tell("event"),
        closed: tell("closed"),
        never: tell("never"),
      });
    });
  await answer(204);
  await answer(503);
  assert.deepEqual(told, ["204 never", "503 closed"]);
});

/** Takes from what the server answers what only ours has. */
async function elsewhere({ page }: Person): Promise<{ readonly asked: string[]; readonly refused: () => number }> {
  const asked: string[] = [];
  let refused = 0;
  await page.route(/\/(?:auth|api)\//, (route) => {
    asked.push(new URL(route.request().url()).pathname);
    return route.fulfill({ status: 404, contentType: "text/html", body: "<h1>Not Found</h1>" });
  });
  await page.route("**/.well-known/jmap", async (route) => {
    const response = await route.fetch();
    if (response.status() === 401)
      return route.fulfill({ response, headers: { ...response.headers(), "www-authenticate": 'Basic realm="Mail"' } });
    const session = (await response.json()) as { capabilities: object; accounts: { [id: string]: object } };
    const standard = (all: object) =>
      Object.fromEntries(Object.entries(all).filter(([name]) => !name.startsWith("urn:angarium:")));
    await route.fulfill({
      response,
      json: {
        ...session,
        capabilities: standard(session.capabilities),
        accounts: Object.fromEntries(
          Object.entries(session.accounts).map(([id, account]) => [
            id,
            {
              ...account,
              accountCapabilities: standard((account as { accountCapabilities: object }).accountCapabilities),
            },
          ]),
        ),
      },
    });
  });
  await page.route("**/jmap/api", (route) => {
    const body = route.request().postData() ?? "";
    assert.doesNotMatch(body, /urn:angarium:/);
    if (!body.includes("noneInThreadHaveKeyword")) return route.continue();
    refused++;
    // RFC 8621 §4.4.1, RFC 8620 §5.5.
    const { methodCalls } = JSON.parse(body) as { methodCalls: [string, object, string][] };
    return route.fulfill({
      json: {
        methodResponses: methodCalls.map(([name, , id]) => [
          "error",
          { type: name === "Email/query" ? "unsupportedFilter" : "invalidResultReference" },
          id,
        ]),
        sessionState: "s",
      },
    });
  });
  return { asked, refused: () => refused };
}

test("the webmail at another JMAP server", async (t) => {
  const pages = await startPages(t);
  const [user = ""] = pages.dev.ready.users;
  await seedMail(pages.origin, user, "pw", [
    ...ordinaryDay.slice(0, 3),
    {
      from: "Uma <uma@x.test>",
      subject: "With a file",
      text: "Here it is.",
      ago: 1,
      attachment: { name: "map.txt", type: "text/plain", base64: Buffer.from("a map of it").toString("base64") },
    },
  ]);
  const ann = await pages.person();
  const { page, context } = ann;
  const other = await elsewhere(ann);
  const seen: { path: string; authorization: string | undefined }[] = [];
  page.on("request", async (request) => {
    const { pathname } = new URL(request.url());
    if (!/^\/(?:jmap\/|\.well-known\/jmap)/.test(pathname)) return;
    seen.push({ path: pathname, authorization: request.headers()["authorization"] });
  });

  await t.test("a wrong password is told at the door", async () => {
    await ann.signIn(user, "wrong");
    await page.getByText("The name or the password is wrong.").waitFor();
    assert.equal(await page.getByRole("button", { name: /passkey/i }).count(), 0);
  });

  await t.test("signs in with Basic; the inbox is there though its query is refused", async () => {
    seen.length = 0;
    await page.locator('input[name="password"]').fill("pw");
    await page.locator('button[type="submit"]').click();
    await row(ann, "With a file").waitFor();
    assert.equal(other.refused(), 1, "the server is asked once what it does not know");
  });

  await t.test("reads a mail, and saves what is attached", async () => {
    await row(ann, "With a file").click();
    await page.locator(".block.text", { hasText: "Here it is." }).waitFor();
    const [download] = await Promise.all([page.waitForEvent("download"), page.locator("a.download").click()]);
    assert.equal(download.suggestedFilename(), "map.txt");
    assert.equal(await readFile((await download.path()) ?? "", "utf8"), "a map of it");
  });

  await t.test("hears of new mail", async () => {
    await page.goto(`${pages.origin}/#/`);
    await seedMail(pages.origin, user, "pw", [{ from: "Uma <uma@x.test>", subject: "Just now", text: "x", ago: 0 }]);
    await row(ann, "Just now").waitFor();
  });

  await t.test("uploads what is attached to a letter", async () => {
    await page.keyboard.press("c");
    const uploaded = page.waitForResponse((response) => response.url().includes("/jmap/upload/"));
    await page
      .locator('.letter footer > input[type="file"]')
      .setInputFiles({ name: "a.txt", mimeType: "text/plain", buffer: Buffer.from("up") });
    assert.equal((await uploaded).status(), 201);
    await page.locator(".letter").getByLabel("Throw away").click();
  });

  await t.test(
    "offers nothing that the server has not, asks for nothing of ours, keeps no secret on the device",
    async () => {
      await page.goto(`${pages.origin}/#/settings/look`);
      await page.getByRole("link", { name: "Filters" }).waitFor();
      assert.equal(await page.getByRole("link", { name: "Junk mail" }).count(), 0);
      // At the door: whether there are other ways in, and ours.
      assert.deepEqual([...new Set(other.asked)], ["/auth/methods", "/auth/login"]);
      const basic = `Basic ${Buffer.from(`${user}:pw`).toString("base64")}`;
      for (const kind of ["api", "upload", "download", "eventsource"])
        assert.ok(
          seen.some(({ path }) => path.startsWith(`/jmap/${kind}`)),
          kind,
        );
      assert.deepEqual(
        seen.filter(({ authorization }) => authorization !== basic),
        [],
      );
      assert.deepEqual(await context.cookies(), []);
      const stored = await page.evaluate(() => JSON.stringify([{ ...localStorage }, { ...sessionStorage }]));
      assert.ok(!stored.includes(basic.slice(6)) && !stored.includes('"pw"'));
    },
  );

  await t.test("loaded again it asks again, without a window of the browser's own", async () => {
    await page.reload();
    await page.locator('input[name="password"]').waitFor();
    assert.deepEqual(
      ann.complaints.filter((one) => !/status of 404/.test(one)),
      [],
    );
    await page.unrouteAll({ behavior: "wait" });
  });
});
