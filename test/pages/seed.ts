/** A mailbox as people have: imported over JMAP, so that times and flags are as wanted; of what is imported the server vouches for nothing. */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { DevProcess } from "../dev-process.ts";
import { JmapTalk } from "../jmap-talk.ts";
import { SmtpTalk } from "../smtp-talk.ts";

export type Seed = {
  readonly from: string;
  readonly to?: string;
  readonly subject: string;
  readonly text?: string;
  readonly html?: string;
  /** Minutes before now. */
  readonly ago: number;
  readonly id?: string;
  readonly answers?: string;
  readonly keywords?: readonly string[];
  readonly mailbox?: string;
  /** Fields written above the others, each a whole line. */
  readonly fields?: readonly string[];
  /** Content-Type and everything behind it, as it is. */
  readonly entity?: string;
  readonly attachment?: {
    readonly name: string;
    readonly type: string;
    readonly base64: string;
    readonly cid?: string;
  };
};

const header = (text: string): string =>
  // RFC 2047.
  /^[\x20-\x7e]*$/.test(text) ? text : `=?utf-8?B?${Buffer.from(text).toString("base64")}?=`;

const person = (text: string): string => {
  const [, name, address] = /^(.*?)\s*<(.*)>$/.exec(text) ?? [];
  return address === undefined ? text : `${header(name ?? "")} <${address}>`;
};

function body({ text, html, attachment, entity }: Seed): string {
  if (entity !== undefined) return entity;
  const part = (type: string, content: string) =>
    `Content-Type: ${type}; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n${Buffer.from(content)
      .toString("base64")
      .replace(/.{76}/g, "$&\r\n")}\r\n`;
  let whole =
    html === undefined
      ? part("text/plain", text ?? "")
      : text === undefined
        ? part("text/html", html)
        : `Content-Type: multipart/alternative; boundary=alt\r\n\r\n--alt\r\n${part("text/plain", text)}--alt\r\n${part("text/html", html)}--alt--\r\n`;
  if (attachment !== undefined) {
    const { name, type, base64, cid } = attachment;
    const disposition = cid === undefined ? "attachment" : "inline";
    whole = `Content-Type: multipart/${cid === undefined ? "mixed" : "related"}; boundary=out\r\n\r\n--out\r\n${whole}--out\r\nContent-Type: ${type}; name="${name}"\r\nContent-Disposition: ${disposition}; filename="${name}"\r\n${cid === undefined ? "" : `Content-ID: <${cid}>\r\n`}Content-Transfer-Encoding: base64\r\n\r\n${base64}\r\n--out--\r\n`;
  }
  return whole;
}

export function messageOf(seed: Seed, to: string, now: number): string {
  const { fields = [], from, subject, id, answers } = seed;
  return [
    ...fields,
    `From: ${person(from)}`,
    `To: ${person(seed.to ?? to)}`,
    `Subject: ${header(subject)}`,
    `Date: ${new Date(now - seed.ago * 60_000).toUTCString().replace("GMT", "+0000")}`,
    `Message-ID: <${id ?? crypto.randomUUID()}@seed.test>`,
    ...(answers === undefined ? [] : [`In-Reply-To: <${answers}@seed.test>`, `References: <${answers}@seed.test>`]),
    "MIME-Version: 1.0",
    body(seed),
  ].join("\r\n");
}

/** A DNS file (`--dns`) by which a client on this machine may write for harbour.test. */
export async function seedZone(folder: string): Promise<string> {
  const file = join(folder, "dns.json");
  const zone = {
    "harbour.test": { TXT: "v=spf1 ip4:127.0.0.1 -all" },
    "_dmarc.harbour.test": { TXT: "v=DMARC1; p=reject" },
  };
  await writeFile(file, JSON.stringify(zone));
  return file;
}

/** The last of the conversation about the boat, which is to come over SMTP from a server of harbour.test. */
export const boat = (seed: Seed): boolean => seed.id === "boat3";

export async function deliverBoat({ ready }: DevProcess, to: string): Promise<void> {
  const smtp = await SmtpTalk.open(ready.ports["smtp"]!);
  await smtp.say("MAIL FROM:<nadia@harbour.test>");
  await smtp.say(`RCPT TO:<${to}>`);
  const letter = messageOf(ordinaryDay.find(boat)!, to, Date.now());
  const answer = await smtp.message(letter.replaceAll("\r\n", "\n"));
  if (!answer.startsWith("250")) throw new Error(answer);
  await smtp.quit();
}

/** Puts the messages into the account's mailboxes by role; answers a client that can ask about them. */
export async function seedMail(
  origin: string,
  user: string,
  password: string,
  seeds: readonly Seed[],
): Promise<JmapTalk> {
  const talk = await new JmapTalk(origin, user, password).open();
  const now = Date.now();
  const [boxes] = await talk.calls(["Mailbox/get", { ids: null }]);
  const ids = new Map<string, string>(
    (boxes?.[1].list ?? []).map((box: { role: string | null; name: string; id: string }) => [
      box.role ?? box.name,
      box.id,
    ]),
  );
  for (const mailbox of new Set(seeds.map((seed) => seed.mailbox ?? "inbox")))
    if (!ids.has(mailbox)) {
      const [made] = await talk.calls(["Mailbox/set", { create: { new: { name: mailbox } } }]);
      ids.set(mailbox, made?.[1].created.new.id);
    }
  const emails: { [id: string]: unknown } = {};
  for (const [i, seed] of seeds.entries()) {
    const response = await talk.fetch(talk.session.uploadUrl.replace("{accountId}", talk.accountId), {
      method: "POST",
      headers: { "content-type": "message/rfc822" },
      body: messageOf(seed, user, now),
    });
    const { blobId } = (await response.json()) as { blobId: string };
    emails[`m${i}`] = {
      blobId,
      mailboxIds: { [ids.get(seed.mailbox ?? "inbox") ?? ""]: true },
      keywords: Object.fromEntries((seed.keywords ?? []).map((name) => [name, true])),
      receivedAt: `${new Date(now - seed.ago * 60_000).toISOString().slice(0, 19)}Z`,
    };
  }
  const [answer] = await talk.calls(["Email/import", { emails }]);
  if (answer?.[1].notCreated && Object.keys(answer[1].notCreated).length > 0)
    throw new Error(JSON.stringify(answer[1].notCreated));
  return talk;
}

/** Results that come with what is imported: the page must not believe them. */
const claimed = (domain: string) => [
  `Authentication-Results: mail.example.test; dkim=pass header.d=${domain}; dmarc=pass header.from=${domain}`,
  `Received: from mail.${domain} (mail.${domain} [192.0.2.7]) by example.test with ESMTPS (TLSv1.3 TLS_AES_128_GCM_SHA256) id 1; ${new Date().toUTCString()}`,
];
const unencrypted = (domain: string) => [
  `Received: from ${domain} ([203.0.113.9]) by example.test with SMTP id 2; ${new Date().toUTCString()}`,
];
const gif = "R0lGODlhAQABAIAAAP///wAAACH5BAEAAAAALAAAAAABAAEAAAICRAEAOw==";

/** What an ordinary day brings. */
export const ordinaryDay: readonly Seed[] = [
  {
    from: "Nadia Haddad <nadia@harbour.test>",
    subject: "Boat trip on Saturday?",
    text: "Hi!\n\nThe forecast looks lovely. Shall we take the 9:40 from the old pier and walk back along the cliffs?\nTimetable: https://ferries.harbour.test/summer\n\nNadia\n-- \nNadia Haddad · Harbour Lights",
    ago: 12,
    id: "boat",
    fields: claimed("harbour.test"),
  },
  {
    from: "u1@example.test",
    to: "Nadia Haddad <nadia@harbour.test>",
    subject: "Re: Boat trip on Saturday?",
    text: "Yes! I will bring the thermos.\n\n> Shall we take the 9:40 from the old pier",
    ago: 9,
    id: "boat2",
    answers: "boat",
    keywords: ["$seen"],
    mailbox: "sent",
  },
  {
    from: "Nadia Haddad <nadia@harbour.test>",
    subject: "Re: Boat trip on Saturday?",
    text: "Perfect, see you there.\n\nOn Wed you wrote:\n> Yes! I will bring the thermos.\n>\n>> Shall we take the 9:40 from the old pier",
    ago: 5,
    id: "boat3",
    answers: "boat",
    fields: claimed("harbour.test"),
  },
  {
    from: "Ferry Line News <news@ferryline.test>",
    subject: "New timetable, new islands",
    text: "See the new timetable.",
    html: `<html><head><style>.card{background:#f3f6fb;padding:24px;border-radius:12px} h1{color:#12407a;font-family:Georgia,serif}</style></head><body><table width="600" align="center"><tr><td class="card"><h1>Three new islands</h1><p>From May on we sail to <b>Lund</b>, <b>Skerry</b> and <b>Far Holm</b>, every day but Monday.</p><p><img src="https://img.ferryline.test/boat.jpg" width="520" height="180" alt="A boat"></p><p><a href="https://ferryline.test/book" style="background:#12407a;color:#fff;padding:12px 20px;border-radius:8px;text-decoration:none">Book a seat</a></p><p style="color:#667">You get this because you sailed with us. <a href="https://evil.test/login">https://ferryline.test/account</a></p><img src="https://track.ferryline.test/open/9f2.gif" width="1" height="1"></td></tr></table></body></html>`,
    ago: 95,
    fields: [
      ...claimed("ferryline.test"),
      "List-Unsubscribe: <mailto:leave@ferryline.test?subject=leave>, <https://ferryline.test/leave/9f2>",
      "List-Unsubscribe-Post: List-Unsubscribe=One-Click",
    ],
  },
  {
    from: "Tomás Rivera <tomas@studio.test>",
    subject: "Drawings for the kitchen",
    text: "Here are the drawings, second version. The window moves 20 cm to the left.",
    ago: 180,
    keywords: ["$seen", "$flagged"],
    fields: claimed("studio.test"),
    attachment: { name: "kitchen-v2.gif", type: "image/gif", base64: gif },
  },
  {
    from: "藤井さくら <sakura@teahouse.test>",
    subject: "来週のお茶会について",
    text: "来週の水曜日、午後二時からはいかがでしょうか。\n\nさくら",
    ago: 300,
    keywords: ["$seen"],
    fields: claimed("teahouse.test"),
  },
  {
    from: "ليلى منصور <layla@books.test>",
    subject: "الكتاب الذي طلبته وصل",
    text: "مرحبا،\n\nوصل الكتاب الذي طلبته ويمكنك استلامه غدا.\n\nليلى",
    ago: 420,
    fields: claimed("books.test"),
  },
  {
    from: "accounts@exarnple.test",
    subject: "Your mailbox is almost full",
    text: "Dear customer, confirm your password now: http://203.0.113.9/login",
    ago: 800,
    fields: unencrypted("exarnple.test"),
  },
  {
    from: "Ines Weber <ines@weber.test>",
    subject: "Rechnung März",
    html: '<p>Guten Tag,</p><p>anbei die Rechnung.</p><p><img src="cid:logo@weber" alt="Logo"></p><p>Ines Weber</p>',
    ago: 1500,
    keywords: ["$seen", "$answered"],
    fields: claimed("weber.test"),
    attachment: { name: "logo.gif", type: "image/gif", base64: gif, cid: "logo@weber" },
  },
  {
    from: "Cheap Pills <win@lottery.test>",
    subject: "You have WON",
    text: "Click here",
    ago: 60,
    mailbox: "junk",
    fields: [
      ...unencrypted("lottery.test"),
      "X-Spam-Status: Yes, score=12 probability=0.998",
      "X-Spam-Flag: YES",
      "X-Spam-Reason: The sender's domain was registered yesterday.",
      "X-Spam-Reason: It promises money that nobody has asked for.",
    ],
  },
];
