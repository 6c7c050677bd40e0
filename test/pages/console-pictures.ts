/** Makes the pictures of the console in `docs/images` from the pages as they are: `node test/pages/console-pictures.ts`; the pages have to be built (`npm run build`). */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createTransport } from "nodemailer";
import type { Page } from "playwright-core";
import { daysKind, planKind } from "../../server/dispatch/warmups.ts";
import { openSqliteStore } from "../../server/store/client.ts";
import { openAccount, type PlanAccount, record, settle } from "../../server/warm/account.ts";
import { capOf, dayMs, dayOf, newPlan, pause } from "../../server/warm/plan.ts";
import { ApiTalk } from "../api-talk.ts";
import { dmarcReport, type Told } from "../report-mail.ts";
import { smtpSend } from "../smtp-send.ts";
import { type Look, startPages } from "./browser.ts";

const folder = new URL("../../docs/images/", import.meta.url);
const data = mkdtempSync(join(tmpdir(), "angarium-pictures-"));

/** A day of an office of some twenty people. */
async function yesterday(): Promise<void> {
  const store = await openSqliteStore({ dir: data, readers: 1 });
  const last = Math.floor(Date.now() / 3_600_000);
  const hours = Array.from({ length: 24 }, (_, i) => {
    const hour = last - 23 + i;
    const busy = Math.max(0, Math.sin((((hour % 24) - 6) / 24) * 2 * Math.PI)) ** 0.8;
    const wobble = 1 + 0.25 * Math.sin(i * 2.7);
    const received = Math.round((6 + 84 * busy) * wobble);
    const sent = Math.round((1 + 38 * busy) * wobble);
    const counts = { in: received, out: sent, delivered: Math.round(sent * 1.2), bounced: i % 9 === 4 ? 1 : 0 };
    return [
      hour,
      {
        ...counts,
        refused: Math.round(9 * wobble),
        junk: Math.round(3 * wobble),
        quarantined: 0,
        deferred: i % 7 === 2 ? 2 : 0,
      },
    ];
  });
  await store.putSetting("traffic/mail.harbour.example", hours);
  await store.putSendingRows([
    { kind: "source", name: "harbour-1", value: { address: "192.0.2.25", warmup: "normal", targets } },
    { kind: daysKind, name: "harbour-1", value: { sendingDays: 40, last: dayOf(Date.now() - dayMs) } },
    ...Object.entries(targets).map(([provider, target]) => {
      const value = warmingUp(provider, target);
      return { kind: planKind, name: `source/harbour-1/${provider}`, value };
    }),
  ]);
  await store.close();
}

const targets = { gmail: 200_000, "microsoft-consumer": 100_000, yahoo: 40_000, other: 20_000 };

/** Days on which all that might go was taken; at Microsoft somebody said no this morning. */
function warmingUp(provider: string, target: number): PlanAccount {
  const now = Date.now();
  const days = { gmail: 12, "microsoft-consumer": 8 }[provider] ?? 6;
  const first = now - days * dayMs;
  let account = openAccount(
    newPlan({ scope: "source", subject: "harbour-1", provider, profile: "normal", target }),
    first,
  );
  for (let at = first; at < now - dayMs / 2; at += dayMs) {
    account = settle(account, at);
    const all = capOf(account.plan);
    account = record(account, { attempts: all, delivered: all }, at);
  }
  account = settle(account, now);
  return provider === "microsoft-consumer"
    ? { ...account, plan: pause(account.plan, "rule microsoft-block-list", now) }
    : account;
}

/** What stands in DNS: nothing at first, then all that the domain needs. */
const dns = join(data, "dns.json");
async function published(domain: string): Promise<void> {
  const zone: { [name: string]: { [type: string]: string[] } } = { "192.0.2.7": { PTR: [`mail.${domain}`] } };
  for (const { name, type, value } of (await api.ok("GET", `/domains/${domain}/dns`)).records)
    if (value !== "" || type === "A") ((zone[name] ??= {})[type] ??= []).push(value || "192.0.2.7");
  writeFileSync(dns, JSON.stringify(zone));
  // The file is looked at again a moment later; each look is remembered for the overview.
  for (;;) if ((await api.ok("GET", `/domains/${domain}/dns`)).standing === "good") return;
}

await yesterday();
writeFileSync(dns, "{}");
const stops: (() => Promise<void>)[] = [];
const pages = await startPages({ after: (work) => stops.push(work) }, [
  ...["--data", data, "--domain", "harbour.example", "--users", "3", "--cleartext-auth"],
  ...["--deliver-to", "127.0.0.1:9", "--dns", dns],
]);
const { admin } = pages.dev.ready;
const api = new ApiTalk(pages.origin, admin);

async function seed(): Promise<void> {
  const people = ["maya", "tomas", "priya", "jonas", "elena", "sam", "nadia", "oskar"];
  for (const name of people)
    await api.ok("POST", "/accounts", {
      name: `${name}@harbour.example`,
      displayName: `${name[0]?.toUpperCase()}${name.slice(1)}`,
      password: "pw for pictures",
      quotaBytes: 5 * 1024 ** 3,
    });
  await api.ok("POST", "/domains", { name: "rowing.example" });
  const from = { user: "maya@harbour.example", password: "pw for pictures" };
  await smtpSend(pages.dev.ready, from, ["crew@rowing.test", "tomas@harbour.example"], {
    subject: "Sunday: two seats are free",
  });
  await smtpSend(pages.dev.ready, undefined, ["maya@harbour.example"], {
    from: "desk@library.test",
    subject: "Two of your loans end on Friday",
  });
  await smtpSend(pages.dev.ready, undefined, ["priya@harbour.example"], {
    from: "tickets@rail.test",
    subject: "Your ticket to Lund, Saturday 7:12",
  });
  await reported("harbour.example");
  await published("harbour.example");
  await api.ok("GET", "/domains/rowing.example/dns");
}

/** A month of what others have seen in our name. */
async function reported(domain: string): Promise<void> {
  const to = `dmarc-reports@${domain}`;
  const today = Math.floor(Date.now() / 86_400_000);
  const smtp = createTransport({ host: "127.0.0.1", port: pages.dev.ready.ports["smtp"], ignoreTLS: true, pool: true });
  const ours = { source: "192.0.2.25", dkim: true, spf: true, disposition: "none", signedBy: domain } as const;
  const shop = { source: "198.51.100.40", dkim: false, spf: false, disposition: "quarantine" } as const;
  const forger = { source: "203.0.113.66", dkim: false, spf: false, disposition: "reject" } as const;
  for (let back = 1; back <= 30; back++) {
    const day = today - back;
    const busy = 40 + ((day * 37) % 23) + ((day + 4) % 7 < 5 ? 60 : 0);
    const some = (count: number, one: Omit<Told, "count">): readonly Told[] => (count > 0 ? [{ ...one, count }] : []);
    const seen = {
      google: [...some(busy, ours), ...some(back > 9 && back < 13 ? 31 * (back - 8) : 0, forger)],
      microsoft: [
        ...some(Math.round(busy / 3), ours),
        ...some(back % 7 === 2 ? 48 : 0, { ...shop, signedBy: "newsletters.test" }),
      ],
      yahoo: some(5 + (back % 4), { ...ours, source: "2001:db8:25::1" }),
    };
    for (const by of ["google", "microsoft", "yahoo"] as const) {
      const { from, raw } = dmarcReport(by, { domain, to, day, records: seen[by] });
      await smtp.sendMail({ envelope: { from, to }, raw });
    }
  }
  smtp.close();
}

async function enter(look: Look): Promise<Page> {
  const { page } = await pages.person(look);
  await page.goto(`${pages.origin}/admin/`);
  await page.locator('input[name="username"]').fill(admin.user);
  await page.locator('input[name="password"]').fill(admin.password);
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { level: 1, name: "Overview" }).waitFor();
  return page;
}

/** As WebP, which Chromium makes itself: half of PNG. */
async function shoot(page: Page, name: string): Promise<void> {
  await page.evaluate(() => document.fonts.ready);
  await page.waitForTimeout(600);
  const talk = await page.context().newCDPSession(page);
  const { data: picture } = await talk.send("Page.captureScreenshot", { format: "webp", quality: 80 });
  writeFileSync(new URL(`${name}.webp`, folder), Buffer.from(picture, "base64"));
}

try {
  await seed();
  for (const [look, end] of [
    [{}, ""],
    [{ theme: "dark" }, "-dark"],
    [{ size: "phone" }, "-phone"],
  ] as const) {
    const page = await enter(look);
    await page.locator("canvas").first().waitFor();
    if (end !== "-dark") await shoot(page, `console-overview${end}`);
    if (end !== "-dark") {
      await page.goto(`${pages.origin}/admin/#/reports/harbour.example`);
      await page.locator("canvas").first().waitFor();
      await shoot(page, `console-reports${end}`);
    }
    await page.goto(`${pages.origin}/admin/#/sending`);
    await page.getByText("Source harbour-1").waitFor();
    if (end === "") await shoot(page, "console-sending");
    if (end === "-phone") continue;
    await page.goto(`${pages.origin}/admin/#/mail`);
    await page.getByText("two seats are free").first().click();
    await page.getByRole("heading", { name: "Its journey" }).waitFor();
    if (end === "-dark") await shoot(page, "console-journey-dark");
    if (end !== "") continue;
    await page.goto(`${pages.origin}/admin/#/domains/rowing.example`);
    await page.getByText("Nobody can send mail to this domain.").waitFor();
    await page.getByRole("heading", { name: "DNS records" }).evaluate((heading) => heading.scrollIntoView());
    await shoot(page, "console-dns");
  }
} finally {
  for (const stop of stops.toReversed()) await stop();
  rmSync(data, { recursive: true, force: true });
}
