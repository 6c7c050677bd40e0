/** The reports of a domain, as administrators read them: they come by mail as receivers send them, and are seen in Chromium. */
import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { isDeepStrictEqual } from "node:util";
import { gzipSync } from "node:zlib";
import { createTransport } from "nodemailer";
import type { Locator } from "playwright-core";
import { ApiTalk } from "../api-talk.ts";
import { zip } from "../attachments/containers.ts";
import { temporaryFolder } from "../dev-process.ts";
import {
  dmarcReport,
  type Reporter,
  type ReportMail,
  reporters,
  type TlsTold,
  type Told,
  tlsReport,
} from "../report-mail.ts";
import { accessible, desktop, eventually, type Person, phone, picture, startPages } from "./browser.ts";

const domain = "harbour.test";
const today = Math.floor(Date.now() / 86_400_000);
type Source = Omit<Told, "count">;
const ours: Source = { source: "192.0.2.25", dkim: true, spf: true, disposition: "none", signedBy: domain };
const ours6: Source = { ...ours, source: "2001:db8:25::1", spf: false, spfDomain: "relay.test" };
/** The same server, when a forwarder on the way broke the signature. */
const broken: Source = { source: ours.source, dkim: false, spf: false, disposition: "none" };
const newsletter: Source = {
  source: "198.51.100.40",
  dkim: false,
  spf: false,
  disposition: "quarantine",
  signedBy: "newsletters.test",
  spfDomain: "bounce.newsletters.test",
};
const forger: Source = { source: "203.0.113.66", dkim: false, spf: false, disposition: "reject" };

type Said = { readonly by: Reporter; readonly day: number; readonly records: readonly Told[] };
/** Forty days, three reporters on most of them, the fourth only long ago; a day without any. */
const said: readonly Said[] = Array.from({ length: 40 }, (_, back) => back + 1)
  .filter((back) => back !== 6)
  .flatMap((back) => {
    const day = today - back;
    const busy = 40 + ((day * 37) % 23) + ((day + 4) % 7 < 5 ? 60 : 0);
    const of = (by: Reporter, ...records: readonly (readonly [Source, number])[]): Said => ({
      by,
      day,
      records: records.filter(([, count]) => count > 0).map(([source, count]) => ({ ...source, count })),
    });
    return [
      of(
        "google",
        [ours, busy],
        [broken, back % 9 === 4 ? 2 : 0],
        [forger, back > 9 && back < 13 ? 31 * (back - 8) : 0],
      ),
      of("microsoft", [ours, Math.round(busy / 3)], [newsletter, back % 7 === 2 ? 48 : 0]),
      of("modern", [ours6, 3 + (back % 4)]),
      ...(back > 35 ? [of("yahoo", [ours, 5])] : []),
    ];
  });

const senders = {
  google: { organisation: "Google Inc.", domain: "google.com" },
  far: { organisation: "Far Mail", domain: "far.test" },
};
type TlsSaid = { readonly by: keyof typeof senders; readonly day: number; readonly told: TlsTold };
const tlsSaid: readonly TlsSaid[] = Array.from({ length: 14 }, (_, back) => back + 1).flatMap((back) => [
  {
    by: "google",
    day: today - back,
    told: {
      succeeded: 70 + ((back * 13) % 17),
      failures: back === 3 ? [{ result: "certificate-expired", count: 21, mxHost: "mail.harbour.test" }] : [],
    },
  },
  ...(back % 2 === 0
    ? ([
        {
          by: "far",
          day: today - back,
          told: {
            succeeded: 4,
            failures: back === 4 ? [{ result: "starttls-not-supported", count: 3, mxHost: "old.harbour.test" }] : [],
          },
        },
      ] as const)
    : []),
]);

test("the reports of a domain", async (t) => {
  const folder = await temporaryFolder(t);
  const keys = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const key = keys.publicKey.export({ type: "spki", format: "der" }).toString("base64");
  const dns = join(folder, "dns.json");
  const signed = ["google.com", "far.test"].map((one) => [
    `tls._domainkey.${one}`,
    { TXT: `v=DKIM1; k=rsa; p=${key}` },
  ]);
  await writeFile(dns, JSON.stringify(Object.fromEntries(signed)));
  const pages = await startPages(t, [
    "--cleartext-auth",
    "--users",
    "1",
    "--dns",
    dns,
    "--set",
    "authentication.enforce=true",
  ]);
  const platform = new ApiTalk(pages.origin, pages.dev.ready.admin);
  for (const tenant of ["harbour", "island"]) {
    await platform.ok("POST", "/tenants", { name: tenant });
    await platform.ok("POST", "/domains", { name: `${tenant}.test`, tenant });
    await platform.ok("POST", "/accounts", { name: `boss@${tenant}.test`, password: "pw" });
    await platform.ok("POST", "/administrators", { account: `boss@${tenant}.test`, tenant });
  }
  /** Where the records that we tell people to publish say that reports go. */
  const records: readonly { id: string; value: string }[] = (await platform.ok("GET", `/domains/${domain}/dns`))
    .records;
  const askedAt = (id: string): string =>
    /mailto:([^,;!\s]+)/.exec(records.find((one) => one.id === id)?.value ?? "")?.[1] ?? "";
  const [to, tlsTo] = [askedAt("dmarc"), askedAt("tls-rpt")];
  const smtp = createTransport({
    host: "127.0.0.1",
    port: pages.dev.ready.ports["smtp"],
    ignoreTLS: true,
    pool: true,
    maxMessages: Infinity,
  });
  t.after(async () => smtp.close());
  const send = ({ from, raw }: ReportMail, at: string, dkimDomain?: string): Promise<unknown> =>
    smtp.sendMail({
      envelope: { from, to: at },
      raw,
      ...(dkimDomain === undefined
        ? {}
        : {
            dkim: {
              domainName: dkimDomain,
              keySelector: "tls",
              privateKey: keys.privateKey.export({ type: "pkcs8", format: "pem" }).toString(),
            },
          }),
    });

  await t.test("they come by mail to the addresses that the records name; what is broken is refused", async () => {
    const good = said.map(({ by, day, records }) => dmarcReport(by, { domain, to, day, records }));
    await Promise.all([
      ...good.map((one) => send(one, to)),
      // Once more: it counts once.
      send(good[0] as ReportMail, to),
      ...tlsSaid.map(({ by, day, told }) =>
        send(tlsReport(senders[by], { domain, to: tlsTo, day, told }), tlsTo, senders[by].domain),
      ),
    ]);
    const forgedTls: TlsTold = {
      succeeded: 0,
      failures: [{ result: "validation-failure", count: 900, mxHost: "mail.harbour.test" }],
    };
    await send(tlsReport(senders.google, { domain, to: tlsTo, day: today - 1, told: forgedTls }), tlsTo);
    const one = { domain, to, day: today - 20, records: [{ ...forger, count: 5000 }] };
    const other = gzipSync('<?xml version="1.0"?><!DOCTYPE feedback [<!ENTITY a "b">]><feedback>&a;</feedback>');
    const damaged: readonly [Reporter, Buffer][] = [
      ["google", Buffer.from("PK\u0003\u0004 that is no archive")],
      ["google", zip([{ name: "report.xml", bytes: "<feedback><report_metadata>" }])],
      ["yahoo", gzipSync("<html>Your report</html>").subarray(0, 30)],
      ["microsoft", other],
      ["modern", zip([])],
    ];
    for (const [by, bytes] of damaged) await assert.rejects(send(dmarcReport(by, one, bytes), to), /55[04] 5\.7\.1/);
    await assert.rejects(
      send(tlsReport(senders.far, { domain, to: tlsTo, day: today, told: forgedTls }, gzipSync("{")), tlsTo),
      /550 5\.7\.1/,
    );
    // About a domain that is not here: taken, and left aside.
    await send(dmarcReport("yahoo", { ...one, domain: "elsewhere.test" }), to);
    await send(
      dmarcReport("google", {
        domain: "island.test",
        to: "dmarc-reports@island.test",
        day: today - 2,
        records: [{ ...ours, count: 1234 }],
      }),
      "dmarc-reports@island.test",
    );
  });

  const number = (value: number): string => new Intl.NumberFormat("en").format(value);
  const sum = (values: readonly number[]): number => values.reduce((all, one) => all + one, 0);
  /** What the files say of the last days, source by source and day by day. */
  function figures(days: number) {
    const rows = said
      .filter(({ day }) => day >= today - days)
      .flatMap(({ by, day, records }) => records.map((one) => ({ by, day, ...one })));
    const of = (list: typeof rows) => {
      const [failed, passed] = [
        list.filter(({ dkim, spf }) => !dkim && !spf),
        list.filter(({ dkim, spf }) => dkim || spf),
      ];
      return { passed: sum(passed.map(({ count }) => count)), failed: sum(failed.map(({ count }) => count)) };
    };
    const by = <K>(key: (row: (typeof rows)[number]) => K): Map<K, typeof rows> => Map.groupBy(rows, key);
    return {
      all: of(rows),
      sources: new Map([...by(({ source }) => source)].map(([source, list]) => [source, of(list)])),
      days: [...by(({ day }) => day)].sort(([a], [b]) => a - b).map(([day, list]) => ({ day, ...of(list) })),
      reporters: new Set(rows.map((row) => reporters[row.by].organisation)),
    };
  }
  const day = new Intl.DateTimeFormat("en-GB", { dateStyle: "medium", timeZone: "UTC" });
  const dayName = (at: number): string => day.format(at * 86_400_000);

  async function enter(person: Person, user: string): Promise<void> {
    await person.page.goto(`${pages.origin}/admin/`);
    await person.page.locator('input[name="username"]').fill(user);
    await person.page.locator('input[name="password"]').fill("pw");
    await person.page.keyboard.press("Enter");
    await person.page.getByRole("heading", { level: 1, name: "Overview" }).waitFor();
  }
  const region = ({ page }: Person, name: string) =>
    page.locator("section", { has: page.getByRole("heading", { level: 2, name }) });
  const tile = async (card: Locator, title: string): Promise<string> =>
    card.getByRole("listitem").filter({ hasText: title }).locator("strong").innerText();
  const tableOf = (card: Locator): Promise<string[][]> =>
    card
      .locator("figure details tbody tr")
      .evaluateAll((rows) => rows.map((row) => [...row.children].map(({ textContent }) => textContent ?? "")));
  /** Whether the chart is drawn in these colours of the page. */
  const drawnIn = (card: Locator, tones: readonly string[]): Promise<boolean> =>
    card.locator("canvas").evaluate((canvas, names) => {
      const { width, height } = canvas as HTMLCanvasElement;
      const bytes = (canvas as HTMLCanvasElement).getContext("2d")?.getImageData(0, 0, width, height).data ?? [];
      const seen = new Set<string>();
      for (let i = 0; i < bytes.length; i += 4)
        if (bytes[i + 3] === 255) seen.add(`rgb(${bytes[i]}, ${bytes[i + 1]}, ${bytes[i + 2]})`);
      const probe = document.body.appendChild(document.createElement("span"));
      const drawn = names.every((name) => {
        probe.style.color = `var(--${name})`;
        return seen.has(getComputedStyle(probe).color);
      });
      probe.remove();
      return drawn;
    }, tones);

  const person = await pages.person();
  await enter(person, `boss@${domain}`);
  await t.test("charts, figures and sources are those of the files, in every range", async () => {
    const { page, complaints } = person;
    await page.getByRole("navigation").getByRole("link", { name: "Reports", exact: true }).click();
    // The tenant has one domain: no list of one.
    await page.getByRole("heading", { level: 1, name: `Reports of ${domain}` }).waitFor();
    const dmarc = region(person, "Sent in your name (DMARC)");
    const sent = region(person, "Where it was sent from");
    for (const [name, days] of [
      ["30 days", 30],
      ["7 days", 7],
      ["90 days", 90],
    ] as const) {
      await page.getByRole("radiogroup", { name: "Time" }).getByText(name, { exact: true }).click();
      const { all, sources, days: byDay, reporters: who } = figures(days);
      await eventually(
        async () => (await tile(dmarc, "Messages")) === number(all.passed + all.failed),
        `the messages of ${name}`,
      );
      assert.equal(await tile(dmarc, "Fail DMARC"), number(all.failed));
      assert.equal(await tile(dmarc, "Reported by"), String(who.size));
      const share = Math.floor((all.passed / (all.passed + all.failed)) * 1000) / 10;
      assert.equal(await tile(dmarc, "Pass DMARC"), `${share}%`);
      assert.deepEqual(
        await tableOf(dmarc),
        byDay.map(({ day, passed, failed }) => [dayName(day), number(passed), number(failed)]),
      );
      await eventually(() => drawnIn(dmarc, ["accent", "bad"]), `the chart of ${name} has both kinds of bars`);
      const rows = await sent
        .locator("tbody tr")
        .evaluateAll((found) => found.map((row) => [0, 2, 3].map((at) => row.children[at]?.textContent?.trim() ?? "")));
      const wanted = [...sources].map(([source, { passed, failed }]) => [
        source,
        number(passed + failed),
        number(failed),
      ]);
      assert.deepEqual(rows.toSorted(), wanted.toSorted(), `the sources of ${name}`);
    }
    assert.match(page.url(), /days=90/, "the range stands in the address");
    await page.reload();
    await eventually(async () => (await tile(dmarc, "Reported by")) === "4", "the range is kept");

    // What is under the pointer is told below the chart: the last day, at the end.
    const last = figures(90).days.at(-1);
    assert.ok(last);
    const wanted = [dayName(last.day), number(last.passed), number(last.failed)];
    await eventually(async () => {
      const plot = await dmarc.locator(".u-over").boundingBox();
      if (plot === null) return false;
      for (const fromEnd of [3, (1.5 * plot.width) / 41])
        await page.mouse.move(plot.x + plot.width - fromEnd, plot.y + plot.height / 2);
      return isDeepStrictEqual(await dmarc.locator(".u-legend .u-value").allInnerTexts(), wanted);
    }, "the last day is told");
    assert.deepEqual(complaints, []);
  });

  await t.test("failing and unknown senders alone, by keyboard; what became of their mail", async () => {
    const { page, complaints } = person;
    await page.goto(`${pages.origin}/admin/#/reports/${domain}?days=30`);
    const sent = region(person, "Where it was sent from");
    const shown = (): Promise<string[]> => sent.locator("tbody tr td:first-child").allInnerTexts();
    await page.getByText("2 addresses are unknown to you: nothing that comes from there passes.").waitFor();
    await sent.getByRole("radio", { name: "All" }).focus();
    await page.keyboard.press("ArrowRight");
    await eventually(async () => (await shown()).length === 3, "those of which some fails");
    assert.deepEqual(new Set(await shown()), new Set([forger.source, newsletter.source, ours.source]));
    await page.keyboard.press("ArrowRight");
    await eventually(async () => (await shown()).length === 2, "those of which nothing passes");
    const { sources } = figures(30);
    const failedOf = ({ source }: Source): string => number(sources.get(source)?.failed ?? 0);
    const cells = (source: Source) => sent.getByRole("row").filter({ hasText: source.source });
    await cells(forger)
      .getByText(`${failedOf(forger)} refused`, { exact: true })
      .waitFor();
    await cells(newsletter)
      .getByText(`${failedOf(newsletter)} to Junk`, { exact: true })
      .waitFor();
    await cells(newsletter).getByText("proves bounce.newsletters.test, newsletters.test").waitFor();
    await cells(newsletter).getByText("Enterprise Outlook").waitFor();
    await cells(newsletter).getByText("unknown to you").waitFor();
    assert.match(page.url(), /sources=unknown/);
    assert.deepEqual(complaints, []);
  });

  await t.test(
    "TLS: what is proven is counted and drawn, what failed stands in words, what anybody could write is aside",
    async () => {
      const { page, complaints } = person;
      await page.goto(`${pages.origin}/admin/#/reports/${domain}?days=7`);
      const card = region(person, "Encryption on the way to you (TLS)");
      await card.waitFor();
      const near = tlsSaid.filter(({ day }) => day >= today - 7);
      const ok = sum(near.map(({ told }) => told.succeeded));
      const bad = sum(near.flatMap(({ told }) => told.failures.map(({ count }) => count)));
      await eventually(async () => (await tile(card, "Connections")) === number(ok + bad), "the connections of 7 days");
      assert.equal(await tile(card, "Failed"), number(bad));
      const days = [...Map.groupBy(near, (one) => one.day)].sort(([a], [b]) => a - b);
      const rows = days.map(([at, list]) => [
        dayName(at),
        number(sum(list.map(({ told }) => told.succeeded))),
        number(sum(list.flatMap(({ told }) => told.failures.map(({ count }) => count)))),
      ]);
      assert.deepEqual(await tableOf(card), rows);
      await eventually(() => drawnIn(card, ["accent", "bad"]), "both kinds of bars are drawn");
      await card.getByText("900 more connections, 900 of them failed (Google Inc.)").waitFor();
      const failures = region(person, "What failed on the way").locator("tbody tr");
      assert.deepEqual(
        await failures.evaluateAll((found) =>
          found.map((row) => [2, 0, 3, 4].map((at) => row.children[at]?.textContent?.trim())),
        ),
        [
          ["21", "mail.harbour.test", dayName(today - 3), "Google Inc."],
          ["3", "old.harbour.test", dayName(today - 4), "Far Mail"],
        ],
      );
      await failures
        .first()
        .getByText(/^Found a certificate that is out of date: renew it/)
        .waitFor();
      assert.deepEqual(complaints, []);
    },
  );

  await t.test("at a desk and on a phone, light and dark", async () => {
    const { page, complaints } = person;
    await page.goto(`${pages.origin}/admin/#/reports/${domain}`);
    await page.locator("canvas").nth(1).waitFor();
    await page.locator("summary").first().click();
    for (const [size, theme] of [
      ["desktop", "light"],
      ["desktop", "dark"],
      ["phone", "light"],
      ["phone", "dark"],
    ] as const) {
      const { width } = size === "phone" ? phone : desktop;
      await page.setViewportSize({ width, height: 800 });
      await page.emulateMedia({ colorScheme: theme });
      await page.evaluate(() => Promise.allSettled(document.getAnimations().map(({ finished }) => finished)));
      await accessible(page, `reports: ${size}, ${theme}`);
      const wide = await page.evaluate(() => document.documentElement.scrollWidth > innerWidth);
      assert.equal(wide, false, `wider than the ${size}`);
      // The page scrolls within: for a picture of all of it the window is made as long as it is.
      const height = await page.locator(".page").evaluate((one) => one.scrollHeight + 60);
      await page.setViewportSize({ width, height });
      await picture(page, `reports-${size}-${theme}`);
    }
    assert.deepEqual(complaints, []);
  });

  await t.test("nothing yet: the page says when reports come; other tenants' domains are not there", async () => {
    const person = await pages.person({ size: "phone" });
    const { page, context } = person;
    await enter(person, pages.dev.ready.admin.user);
    await page.goto(`${pages.origin}/admin/#/reports`);
    await page.getByRole("link", { name: "island.test" }).waitFor();
    await accessible(page, "domains with reports");
    await picture(page, "reports-list");
    await page.getByRole("link", { name: "example.test" }).click();
    await page.getByText(/^No report tells of these days\./).waitFor();
    await page.getByText(/^No report that is proven tells of these days\./).waitFor();
    assert.equal(await page.locator("canvas").count(), 0);
    await accessible(page, "no reports yet");
    await picture(page, "reports-none");
    await context.close();

    const other = await pages.person();
    await enter(other, "boss@island.test");
    await other.page.goto(`${pages.origin}/admin/#/reports`);
    await eventually(
      async () => (await tile(region(other, "Sent in your name (DMARC)"), "Messages")) === "1,234",
      "its own",
    );
    await other.page.goto(`${pages.origin}/admin/#/reports/${domain}`);
    await other.page.getByRole("alert").waitFor();
    assert.equal(await other.page.locator("canvas").count(), 0);
    assert.equal(await other.page.getByText(forger.source).count(), 0);
    await picture(other.page, "reports-other");
    await other.context.close();
  });
});
