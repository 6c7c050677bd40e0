/** What waits for a person in the console: the queue with each attempt, mail that was kept back, bans; and what keeps the server: certificates, backups, settings, the audit log. */
import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { ApiTalk } from "../api-talk.ts";
import { dangerous } from "../attachments/dangerous.ts";
import { messageWith } from "../attachments/message.ts";
import { mailOf } from "../beside.ts";
import { startSink } from "../sink.ts";
import { smtpSend } from "../smtp-send.ts";
import { SmtpTalk } from "../smtp-talk.ts";
import { accessible, desktop, eventually, note, type Person, phone, picture, startPages } from "./browser.ts";

test("what waits", async (t) => {
  /** Whether the far server takes what it has put off so far. */
  let takes = false;
  const sink = await startSink((command) => {
    if (takes) return undefined;
    if (command.startsWith("RCPT TO:<grey")) return "451 4.7.1 Greylisted, come back later\r\n";
    return command.startsWith("RCPT TO:<full") ? "452 4.2.2 The mailbox is full\r\n" : undefined;
  });
  t.after(() => sink.close());
  const pages = await startPages(t, ["--cleartext-auth", "--users", "4", "--deliver-to", `127.0.0.1:${sink.port}`]);
  const { ready } = pages.dev;
  const { admin, data, ports } = ready;
  const [u1 = "", u2 = "", u3 = ""] = ready.users;
  const api = new ApiTalk(pages.origin, admin);

  async function enter(person: Person, user: string): Promise<void> {
    await person.page.goto(`${pages.origin}/admin/`);
    await person.page.locator('input[name="username"]').fill(user);
    await person.page.locator('input[name="password"]').fill("pw");
    await person.page.keyboard.press("Enter");
    await person.page.getByRole("heading", { level: 1, name: "Overview" }).waitFor();
  }
  /** At a desk and on a phone, whatever is shown now. */
  async function looks({ page }: Person, what: string): Promise<void> {
    for (const [size, view] of [
      ["phone", phone],
      ["desktop", desktop],
    ] as const) {
      await page.setViewportSize(view);
      await page.evaluate(() => Promise.allSettled(document.getAnimations().map(({ finished }) => finished)));
      await accessible(page, `${what}: ${size}`);
      for (const one of await page.locator("dialog[open] .inside").all())
        assert.ok(
          await one.evaluate((inside) => inside.scrollWidth <= inside.clientWidth),
          `${what}: cut off: ${size}`,
        );
      assert.equal(
        await page.evaluate(() => document.documentElement.scrollWidth > innerWidth),
        false,
        `${what} is wider`,
      );
      await picture(page, `waiting-${what}-${size}`);
    }
  }
  /** That something is not there any more is an answer. */
  const faults = ({ complaints }: Person): readonly string[] => complaints.filter((one) => !/status of 404/.test(one));
  const person = await pages.person();
  const { page } = person;
  const dialog = page.getByRole("dialog");
  const go = async (place: string): Promise<void> => void (await page.goto(`${pages.origin}/admin/#/${place}`));
  /** Presses a button of the page and the same one in the dialog that asks. */
  const act = async (name: string, answer = name): Promise<void> => {
    await page.getByRole("button", { name, exact: true }).click();
    await dialog.getByRole("button", { name: answer, exact: true }).click();
    await dialog.waitFor({ state: "hidden" });
  };
  await enter(person, admin.user);

  await t.test("the queue: found, held, let go, tried; what each attempt was answered; where it went", async () => {
    const queued = async (): Promise<number> => (await api.ok("GET", "/queue")).items.length;
    const from = { user: u1, password: "pw" };
    await smtpSend(ready, from, ["grey@one.test", "full@two.test"], { subject: "Minutes of Tuesday" });
    await smtpSend(ready, from, ["full@three.test"], { subject: "To be bounced" });
    await smtpSend(ready, from, ["grey@four.test"], { subject: "To be forgotten" });
    await smtpSend(ready, from, ["grey@five.test", "grey@six.test"], { subject: "With all others" });
    await go("queue");
    const row = (address: string) => page.getByRole("row").filter({ hasText: address });
    await row("grey@five.test").waitFor();
    await eventually(async () => {
      await page.reload();
      await row("grey@five.test").waitFor();
      return (await page.getByText("452 4.2.2 The mailbox is full").count()) === 2;
    }, "both answers of the far server are seen");
    await looks(person, "queue");
    await page.getByLabel("Recipient").fill("grey@one.test");
    await row("full@three.test").waitFor({ state: "detached" });
    await row("grey@one.test").getByRole("link").click();

    await page.getByRole("heading", { level: 1, name: "Minutes of Tuesday" }).waitFor();
    const journey = page.getByRole("region", { name: "Its journey" });
    await journey.getByText(/It answered: 451 4\.7\.1 Greylisted, come back later/).waitFor();
    await journey.getByText(/It answered: 452 4\.2\.2 The mailbox is full/).waitFor();
    const attempts = (): Promise<number> => journey.getByText("Deferred", { exact: true }).count();
    assert.equal(await attempts(), 2, "one for each recipient");
    const recipients = page.getByRole("region", { name: "Recipients" });
    await act("Hold");
    await recipients.getByText("held", { exact: true }).nth(1).waitFor();
    assert.equal(await page.getByRole("button", { name: "Hold", exact: true }).count(), 0, "nothing is left to hold");
    await looks(person, "held");
    await act("Release");
    await page.getByRole("button", { name: "Release", exact: true }).waitFor({ state: "detached" });
    // The page follows by itself.
    await act("Try now");
    await eventually(async () => (await attempts()) >= 4, "the next attempt is seen");
    takes = true;
    await act("Try now");
    await page.getByText("It is not in the queue any more.").waitFor();
    assert.equal(await page.getByRole("button", { name: "Try now" }).count(), 0);
    await looks(person, "left");
    takes = false;
    await page.getByRole("link", { name: "Its journey" }).click();
    await page.getByRole("heading", { level: 1, name: "Minutes of Tuesday" }).waitFor();
    await page.getByText("Delivered", { exact: true }).nth(1).waitFor();
    assert.ok(sink.taken.some(({ data: text }) => /^Subject: Minutes of Tuesday/m.test(text)));

    await go("queue?recipient=full@three.test");
    await row("full@three.test").getByRole("link").click();
    await act("Bounce");
    await page.getByText("It is not in the queue any more.").waitFor();
    assert.match(await mailOf(ready, u1, /full@three\.test/), /^Subject: (?:Undeliver|Not delivered|.*could not)/im);
    await go("queue?recipient=grey@four.test");
    await row("grey@four.test").getByRole("link").click();
    await page.getByRole("heading", { level: 1, name: "To be forgotten" }).waitFor();
    await act("Delete");
    await page.getByRole("heading", { level: 1, name: "Queue" }).waitFor();

    // After the trouble of others: all at once.
    takes = true;
    await page.getByRole("button", { name: "Act on several" }).click();
    await dialog.locator('[name="action"]').selectOption("retry");
    await dialog.getByRole("button", { name: "Do it" }).click();
    await dialog.getByText("Say which: a domain, a sender, a recipient, or all.").waitFor();
    await looks(person, "several");
    await dialog.getByLabel("All").check();
    await dialog.getByRole("button", { name: "Do it" }).click();
    await note(person, "Done to 2 recipients.").waitFor();
    await eventually(async () => (await queued()) === 0, "all have gone");
    await page.reload();
    await page.getByText("Nothing waits.").waitFor();
    assert.deepEqual(faults(person), []);
  });

  const macro = dangerous.find(({ name }) => name === "letter.docm");
  assert.ok(macro);
  async function bring(to: string, id: string): Promise<void> {
    const talk = await SmtpTalk.open(ports["smtp"] ?? 0);
    await talk.say("MAIL FROM:<ann@far.test>");
    await talk.say(`RCPT TO:<${to}>`);
    const letter = messageWith(macro as NonNullable<typeof macro>, { to, id });
    assert.match(await talk.message(letter.toString("latin1").replaceAll("\r\n", "\n")), /^250/);
    await talk.quit();
  }
  const kept = async (account: string): Promise<number> =>
    (await api.ok("GET", `/quarantine?account=${account}`)).items.length;

  await t.test("what was kept back: its owner lets it through, an administrator reports and deletes", async () => {
    await bring(u1, "wanted@far.test");
    await bring(u2, "bad@far.test");
    await bring(u3, "unwanted@far.test");
    await go("quarantine");
    await page.getByText(u3).waitFor();
    await looks(person, "quarantine");
    await page.getByRole("row").filter({ hasText: u2 }).getByRole("link").click();
    await page.getByRole("link", { name: "What happened to it" }).waitFor();
    await looks(person, "kept-back");
    await act("Report as bad");
    await page.getByText("It is not kept back any more.").waitFor();
    await go("quarantine");
    await page.getByRole("row").filter({ hasText: u3 }).getByRole("button").click();
    await page.getByRole("menuitem", { name: "Report as bad" }).click();
    await looks(person, "asked-in-a-row");
    await dialog.getByRole("button", { name: "Cancel" }).click();
    await page.getByRole("row").filter({ hasText: u3 }).getByRole("button").click();
    await page.getByRole("menuitem", { name: "Delete" }).click();
    await dialog.getByRole("heading", { name: "Delete A file for you?" }).waitFor();
    await dialog.getByRole("button", { name: "Delete" }).click();
    await page.getByText(u3).waitFor({ state: "detached" });
    assert.deepEqual([await kept(u1), await kept(u2), await kept(u3)], [1, 0, 0]);

    const owner = await pages.person({ size: "phone" });
    await enter(owner, u1);
    await owner.page.goto(`${pages.origin}/admin/#/quarantine`);
    await owner.page.getByRole("link", { name: "A file for you" }).click();
    await owner.page.getByRole("button", { name: "Release" }).click();
    await owner.page.getByRole("dialog").getByRole("button", { name: "Release" }).click();
    await owner.page.getByText("It is not kept back any more.").waitFor();
    await owner.page.getByRole("link", { name: "Its journey" }).click();
    await owner.page.getByText("Released", { exact: true }).waitFor();
    await accessible(owner.page, "what was released");
    assert.match(await mailOf(ready, u1, /^Message-ID: <wanted@far\.test>/im), /letter\.docm/);
    assert.deepEqual(faults(owner), []);
    await owner.context.close();
    const messages = async (user: string): Promise<number> =>
      (await new ApiTalk(pages.origin, { user, password: "pw" }).ok("GET", "/accounts/me")).usedMessages;
    assert.ok((await messages(u1)) > 0);
    assert.deepEqual([await messages(u2), await messages(u3)], [0, 0], "nothing came to the others");
    assert.deepEqual(faults(person), []);
  });

  await t.test("who is banned is turned away until the ban is lifted", async () => {
    const greeting = async (): Promise<string> => {
      const talk = await SmtpTalk.open(ports["smtp"] ?? 0, { from: "127.0.0.9" }).catch((error: unknown) =>
        String(error),
      );
      if (typeof talk === "string") return talk;
      const said = await talk.say("EHLO far.test").catch((error: unknown) => String(error));
      await talk.quit().catch(() => {});
      return said;
    };
    assert.match(await greeting(), /^250/);
    await go("bans?add=1");
    await dialog.locator('[name="address"]').fill("127.0.0.9");
    await dialog.getByRole("button", { name: "Add" }).click();
    const row = page.getByRole("row").filter({ hasText: "127.0.0.9" });
    await row.waitFor();
    assert.doesNotMatch(await greeting(), /^250/);
    await looks(person, "bans");
    await row.getByRole("button").click();
    await page.getByRole("menuitem", { name: "Lift the ban" }).click();
    await dialog.getByRole("button", { name: "Lift the ban" }).click();
    await row.waitFor({ state: "detached" });
    assert.match(await greeting(), /^250/);
    assert.deepEqual(faults(person), []);
  });

  await t.test("certificates are those of the files; a backup is made, and deleted with its files", async () => {
    await go("certificates");
    const row = page.getByRole("row").filter({ hasText: "tls/server.pem" });
    const { subjectAltName = "", validTo } = new X509Certificate(readFileSync(join(data, "tls", "server.pem")));
    for (const [, name = ""] of subjectAltName.matchAll(/DNS:([^,\s]+)/g)) await row.getByText(name).first().waitFor();
    const until = await row.locator("time").getAttribute("datetime");
    assert.equal(Date.parse(until ?? ""), Date.parse(validTo));
    await looks(person, "certificates");

    await go("backups?add=1");
    await dialog.getByRole("button").last().click();
    await page.getByText("done", { exact: true }).waitFor();
    const name = await page.locator("tbody td.first").innerText();
    const [{ bytes }] = (await api.ok("GET", "/backups")).items;
    assert.ok(bytes > 0);
    assert.ok(existsSync(join(data, "backups", name)));
    await looks(person, "backups");
    await page.getByRole("row").filter({ hasText: name }).getByRole("button").click();
    await page.getByRole("menuitem", { name: "Delete" }).click();
    await dialog.getByRole("button", { name: "Delete" }).click();
    await page.getByText("No backup yet.").waitFor();
    assert.equal(existsSync(join(data, "backups", name)), false);
    assert.deepEqual(faults(person), []);
  });

  await t.test(
    "a setting that is wrong is said beside its field; one that is right holds; the audit log names all",
    async () => {
      await go("settings");
      const days = page.getByLabel("Days that journeys are kept");
      await days.fill("soon");
      await page.getByRole("button", { name: "Save" }).click();
      await page.locator('[name="journeyDays"][aria-invalid="true"]').waitFor();
      await looks(person, "settings");
      await days.fill("45");
      await page.getByRole("button", { name: "Save" }).click();
      await note(person, "Saved.").waitFor();
      assert.equal((await api.ok("GET", "/settings")).journeyDays, 45);

      await go("audit");
      await page.getByRole("heading", { level: 1, name: "Audit log" }).waitFor();
      const entries = page.locator("tbody tr");
      await entries.first().waitFor();
      const acts = await entries
        .locator('td[data-title="Action"] [title]')
        .evaluateAll((found) => found.map((one) => one.getAttribute("title")));
      for (const one of [
        "POST /queue/{queued}/hold",
        "POST /queue/{queued}/bounce",
        "DELETE /queue/{queued}",
        "POST /queue/actions",
        "POST /quarantine/{quarantined}/release",
        "POST /quarantine/{quarantined}/report",
        "POST /bans",
        "DELETE /bans/{address}",
        "POST /backups",
        "PATCH /settings",
      ])
        assert.ok(acts.includes(one), `${one} is in the audit log: ${acts.join(", ")}`);
      await looks(person, "audit");
      await page.getByLabel("Actor").fill(u1);
      await eventually(async () => (await entries.count()) === 1, "what the owner has done");
      await page.getByLabel("Actor").fill("");
      await page.getByLabel("Target").fill("nobody@example.test");
      await page.getByText("No entry fits what is chosen above.").waitFor();
      assert.deepEqual(faults(person), []);
    },
  );
});
