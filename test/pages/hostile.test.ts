/** Hostile letters, each shown by the webmail in a real browser: nothing runs, nothing is asked for, nothing covers the page, and the page goes on. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Page, Request } from "playwright-core";
import { JmapTalk } from "../jmap-talk.ts";
import { type Person, startPages } from "./browser.ts";
import { type Attack, ending, fill, letterOf, multipart, part } from "./hostile/attack.ts";
import { corpus } from "./hostile/corpus.ts";
import { heavy } from "./hostile/letters.ts";
import { installLook, type Seen } from "./hostile/look.ts";

/** Longer than anything here takes on a busy machine; a page that hangs takes forever. */
const maxShowMs = 120_000;

/**
 * Chromium from 156 on says this of every handler it meets while it only parses, in a document that is never shown. That no
 * handler comes into a page is looked at in the page (look.ts), and that none ran, too.
 */
const onlyParsed = /^Executing inline event handler violates .*The action has been blocked\.$/;

/** What left the page, or opened, or ran: kept from the first moment on. */
function watch({ page, context }: Person, origin: string): { readonly asked: Request[]; readonly opened: string[] } {
  const seen = { asked: [] as Request[], opened: [] as string[] };
  context.on("request", (request) => {
    const url = request.url();
    const ours = url.startsWith(`${origin}/`) && !url.includes("/auth/logout");
    if (!ours && !/^(?:data|blob):/.test(url)) seen.asked.push(request);
  });
  context.on("page", (other) => seen.opened.push(other.url()));
  page.on("dialog", (dialog) => {
    seen.opened.push(`dialog ${dialog.message()}`);
    void dialog.dismiss();
  });
  return seen;
}

/** Letters into the inbox, by name; answers the thread of each name's first. */
async function deliver(talk: JmapTalk, letters: readonly string[]): Promise<readonly string[]> {
  const inbox = await talk.mailbox("inbox");
  const emails: { [id: string]: unknown } = {};
  await Promise.all(
    [0, 1, 2, 3].map(async (lane) => {
      for (let i = lane; i < letters.length; i += 4) {
        const { blobId } = await talk.upload(letters[i] ?? "", "message/rfc822");
        emails[`m${i}`] = { blobId, mailboxIds: { [inbox]: true } };
      }
    }),
  );
  const { created, notCreated } = await talk.call("Email/import", { emails });
  assert.deepEqual(notCreated ?? {}, {});
  return letters.map((_letter, i) => created[`m${i}`].threadId);
}

/** Letters of one conversation, which are all open at once; those that cost stand alone. */
const together = 20;
type Group = { readonly name: string; readonly attacks: readonly Attack[]; readonly light: boolean };
function groupsOf(all: readonly Attack[]): readonly Group[] {
  const groups: { name: string; attacks: Attack[]; light: boolean }[] = [];
  for (const attack of all) {
    const light = !heavy.includes(attack) && attack.subject === undefined && !/^(?:bundle|overlay)/.test(attack.name);
    const last = groups.at(-1);
    if (light && last?.light && last.attacks.length < together) last.attacks.push(attack);
    else groups.push({ name: attack.name, attacks: [attack], light });
  }
  return groups;
}

/** A letter that got so far that the looking itself breaks. */
const broken = (error: unknown): Seen => ({ faults: [String(error).slice(0, 200)] });

const look = (page: Page, thread: string, letters: number): Promise<Seen> =>
  page.evaluate(
    ([id, count, most]) =>
      (window as unknown as { look(id: string, count: number, most: number): Promise<Seen> }).look(id, count, most),
    [thread, letters, maxShowMs] as const,
  );

test("hostile letters", async (t) => {
  const pages = await startPages(t, ["--cleartext-auth", "--users", "1"]);
  const [user = ""] = pages.dev.ready.users;
  assert.ok(corpus.length >= 150, `${corpus.length} letters`);
  // All of them again, many parts to a letter, to be quoted.
  const parts = corpus.flatMap(({ html, name }) =>
    html === undefined || name.startsWith("heavy") ? [] : [part("text/html; charset=utf-8", html)],
  );
  const bundles = Array.from(
    { length: Math.ceil(parts.length / 50) },
    (_, i): Attack => ({
      name: `bundle ${i}`,
      mime: multipart("mixed", ...parts.slice(i * 50, i * 50 + 50), part("text/html", `<p>${ending}</p>`)),
    }),
  );
  const groups = groupsOf([...corpus, ...bundles]);
  const talk = await new JmapTalk(pages.origin, user, "pw").open();
  const threads = await deliver(
    talk,
    groups.flatMap(({ attacks }, group) =>
      attacks.map((attack, i) => letterOf(attack, group * 100 + i, attacks.length > 1 ? `group-${group}` : undefined)),
    ),
  );
  const person = await pages.person();
  const { page, complaints } = person;
  await person.signIn();
  await page.locator("[data-row]").first().waitFor();
  const seen = watch(person, pages.origin);
  await page.evaluate(installLook);
  const happened = () => [
    ...seen.asked.splice(0).map((request) => `${request.url()} (${request.failure()?.errorText ?? "came back"})`),
    ...seen.opened.splice(0),
    ...(complaints as string[]).splice(0).filter((complaint) => !onlyParsed.test(complaint)),
  ];

  await t.test("nothing runs, loads or escapes", async () => {
    const wrong: string[] = [];
    let letter = 0;
    for (const { name, attacks } of groups) {
      const { faults } = await look(page, threads[letter] ?? "", attacks.length).catch(broken);
      letter += attacks.length;
      const all = [...faults, ...happened()];
      if (all.length > 0) wrong.push(`${name}: ${all.join("; ").slice(0, 600)}`);
    }
    assert.deepEqual(wrong, []);
  });

  await t.test("nor on a phone, right to left, in the dark", async () => {
    const other = await pages.person({ size: "phone", theme: "dark", language: "ar" });
    await other.signIn();
    await other.page.locator("[data-row]").first().waitFor();
    const there = watch(other, pages.origin);
    await other.page.evaluate(installLook);
    const wrong: string[] = [];
    let letter = 0;
    for (const { name, attacks } of groups) {
      const thread = threads[letter] ?? "";
      letter += attacks.length;
      if (!attacks.some((one) => /^(?:overlay|bundle)/.test(one.name))) continue;
      const { faults } = await look(other.page, thread, attacks.length).catch(broken);
      const more = there.asked.splice(0).map((request) => request.url());
      if (faults.length + more.length > 0) wrong.push(`${name}: ${[...faults, ...more].join("; ").slice(0, 400)}`);
    }
    assert.deepEqual([...wrong, ...there.opened, ...other.complaints.filter((one) => !onlyParsed.test(one))], []);
    await other.context.close();
  });

  await t.test("quoted in an answer they are as harmless", async () => {
    const first = threads.length - bundles.length;
    for (const [i, thread] of threads.slice(first).entries()) {
      await look(page, thread, 1);
      await page.locator(".answer").getByRole("button", { name: "Reply", exact: true }).click();
      const editor = page.locator('.letter [contenteditable="true"]');
      await editor.getByText(ending).last().waitFor();
      const bad = await editor.evaluate((element) =>
        [...element.querySelectorAll("*")].flatMap((one) => [
          ...(one.matches("script,iframe,object,embed,form,input,link,base,meta,svg,math,style,template")
            ? [one.tagName]
            : []),
          ...[...one.attributes].flatMap(({ name, value }) =>
            /^(?:on|id$|name$|srcset$)|^background$/.test(name) ||
            (/^(?:href|src)$/.test(name) && !/^(?:https?:|mailto:|tel:|cid:|blob:|data:image\/(?!svg))/i.test(value)) ||
            (name === "style" && /url\(|position|z-index|var\(/i.test(value))
              ? [`${name}=${value}`]
              : [],
          ),
        ]),
      );
      assert.deepEqual(bad, [], `bundle ${i}`);
      await page.locator(".letter").getByLabel("Throw away").click();
      await editor.waitFor({ state: "detached" });
    }
    // Pictures of other servers stay in a quotation; the page's policy keeps them away from here.
    const ran = happened().filter((one) => !/^Loading the image .* violates|\(csp\)$/.test(one));
    assert.deepEqual(ran, []);
  });

  await t.test("a letter that nobody has cleaned meets the frame's own walls", async () => {
    const html = corpus.flatMap((attack) =>
      attack.html === undefined || heavy.includes(attack) ? [] : [fill(attack.html)],
    );
    await page.evaluate(async (letters) => {
      const frame = document.createElement("iframe");
      frame.setAttribute("sandbox", "allow-same-origin");
      frame.src = "/frame.html";
      document.body.append(frame);
      await new Promise((loaded) => frame.addEventListener("load", loaded, { once: true }));
      for (const letter of letters) {
        const inside = frame.contentDocument;
        if (inside === null) break;
        // Unlike innerHTML this makes scripts that would run.
        inside.body.replaceChildren(inside.createRange().createContextualFragment(letter));
        await new Promise((next) => setTimeout(next, 2));
      }
      await new Promise((next) => setTimeout(next, 200));
      if (frame.contentDocument?.location.pathname !== "/frame.html") throw new Error("the frame went elsewhere");
      frame.remove();
    }, html);
    assert.equal(await page.evaluate(() => (window as unknown as { hostile?: unknown }).hostile), undefined);
    // Refused before anything was sent: that is what the walls are for.
    assert.deepEqual(
      happened().filter((one) => /^(?:https:\/\/evil|dialog|about:)/.test(one) && !/\((?:csp|origin)\)$/.test(one)),
      [],
    );
  });
});
