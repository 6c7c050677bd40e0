import { byDkim, plain, type Row, spfFail, withKey, withPolicy } from "./case.ts";
import { edKey, keyOfBits, rsa512, rsa768, rsa1024, rsaKey, signed } from "./signer.ts";

const rows: Row[] = [];
const year = 365 * 24 * 3600;
const nowSeconds = Math.floor(Date.now() / 1000);

// Canonical forms and what they forgive.
for (const [algorithm, key] of [
  ["rsa", rsaKey],
  ["ed25519", edKey],
] as const)
  for (const c of ["simple/simple", "simple/relaxed", "relaxed/simple", "relaxed/relaxed"])
    rows.push(byDkim(`DKIM ${algorithm} ${c}`, `inbox dkim=pass dmarc=pass header.a=${algorithm}-sha256`, { key, c }));
const changes: readonly [name: string, change: (text: string) => string, forgivenBy: RegExp][] = [
  ["the body is changed", (text) => text.replace("Hello there.", "Hello, there."), /^$/],
  ["the subject is changed", (text) => text.replace("Subject: Hello", "Subject: Bello"), /^$/],
  ["blanks in the body", (text) => text.replace("Hello there.", "Hello \t there. "), /\/relaxed$/],
  ["blanks in the header", (text) => text.replace("Subject: Hello", "Subject:\n  Hello"), /^relaxed\//],
  ["lines at the end", (text) => `${text}\n\n\n`, /./],
];
for (const [name, after, forgivenBy] of changes)
  for (const c of ["simple/simple", "simple/relaxed", "relaxed/simple", "relaxed/relaxed"])
    rows.push(byDkim(`DKIM ${c}: ${name}`, forgivenBy.test(c) ? "inbox dkim=pass" : "550", { c }, { after }));

// The signature's tags.
const wrong: readonly [name: string, how: Parameters<typeof byDkim>[2], expected?: string][] = [
  ["no v=", { tags: { v: undefined } }],
  ["v=2", { tags: { v: "2" } }],
  ["rsa-sha1", { hash: "sha1" }],
  ["an unknown algorithm", { tags: { a: "rsa-md5" } }],
  ["the other key's algorithm", { tags: { a: "ed25519-sha256" } }],
  ["i= outside d=", { tags: { i: "a@elsewhere.test" } }],
  ["i= that only ends like d=", { tags: { i: "a@x%d" } }],
  ["i= without an @", { tags: { i: "%d" } }],
  ["i= below d=", { tags: { i: "a@sub.%d" } }, "inbox dkim=pass"],
  ["i= in upper case", { tags: { i: "a@SUB.%d" } }, "inbox dkim=pass"],
  ["a tag twice", { extra: "s=s1" }],
  ["an unknown tag", { tags: { zz: "1" } }, "inbox dkim=pass"],
  ["From is not signed", { h: "subject:date" }],
  ["nothing is signed", { h: "" }],
  ["x= in the past", { tags: { t: String(nowSeconds - year), x: String(nowSeconds - 1000) } }],
  ["x= in the future", { tags: { t: String(nowSeconds), x: String(nowSeconds + year) } }, "inbox dkim=pass"],
  ["x= before t=", { tags: { t: String(nowSeconds + year), x: String(nowSeconds + 1000) } }],
  ["x= that is no number", { tags: { x: "tomorrow" } }],
  ["x= with a sign", { tags: { x: `+${nowSeconds + year}` } }],
  ["x= in hexadecimal", { tags: { x: "0x7fffffff" } }],
  ["t= that is no number", { tags: { t: "now" } }],
  ["t= in the future", { tags: { t: String(nowSeconds + year) } }, "inbox dkim=pass"],
  ["an unknown canonical form", { tags: { c: "nofws/simple" } }],
  ["three canonical forms", { tags: { c: "relaxed/relaxed/relaxed" } }],
  ["q= that names no DNS", { tags: { q: "http" } }],
  ["q=dns/txt", { tags: { q: "dns/txt" } }, "inbox dkim=pass"],
  ["no bh=", { tags: { bh: undefined } }],
  ["bh= of another body", { tags: { bh: "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=" } }],
  ["no d=", { tags: { d: undefined } }],
  ["no s=", { tags: { s: undefined } }],
  ["d= with one label", { tags: { d: "test" } }],
  ["l= that covers all", { tags: { l: "14" } }, "inbox dkim=pass dmarc=pass"],
  ["l= longer than the body", { tags: { l: "1000" } }],
  ["l= that is no number", { tags: { l: "all" } }],
  ["l= that leaves a part out", { tags: { l: "5" } }],
  ["l=0", { tags: { l: "0" } }],
];
for (const [name, how, expected] of wrong) rows.push(byDkim(`DKIM tags: ${name}`, expected ?? "550", how));
rows.push(
  byDkim("DKIM l= and an appended body", "550", { tags: { l: "14" } }, { after: (text) => `${text}Buy this!\n` }),
  byDkim("DKIM: b= is damaged", "550", {}, { after: (text) => text.replace(/ b=.{8}/, " b=AAAAAAAA") }),
  byDkim("DKIM: b= is no base64", "550", {}, { after: (text) => text.replace(/ b=.{8}/, " b=????????") }),
  byDkim("DKIM: b= is empty", "550", {}, { after: (text) => text.replace(/ b=[^\n]*/, " b=") }),
  byDkim("DKIM: a second From that is not signed", "550", {}, { after: (text) => `From: Bob <b@bank.test>\n${text}` }),
  byDkim(
    "DKIM: a Subject that is not signed is not told from another",
    "inbox dkim=pass",
    { h: "from:date" },
    { after: (text) => `Subject: x\n${text}` },
  ),
  byDkim(
    "DKIM: oversigned Subject, another added",
    "550",
    { h: "from:subject:subject:date" },
    { after: (text) => `Subject: x\n${text}` },
  ),
);

// Readers take the first field of a name, a signature that names it once the last.
for (const field of [
  "Subject: x",
  "Content-Type: text/html",
  "Content-Transfer-Encoding: base64",
  "Reply-To: x@x.test",
])
  rows.push({
    name: `DKIM: another field on top of the one that is signed: ${field}`,
    zone: (d) => withKey(withPolicy(d, "p=none"), d),
    message: (d) => {
      const own = "Content-Type: text/plain\nContent-Transfer-Encoding: 7bit\nReply-To: a@a.test\n";
      const h = "from:subject:date:reply-to:content-type:content-transfer-encoding";
      return `${field}\n${signed(plain(d, own), { d, h })}`;
    },
    expected: "inbox dkim=policy dmarc=fail",
  });
rows.push({
  name: "DKIM l= and an appended body: no pass for anybody who reads the results",
  zone: (d) => withKey({}, d),
  message: (d) => `${signed(plain(d), { d, tags: { l: "14" } })}Buy this!\n`,
  expected: "inbox dkim=policy dmarc=none !aligned",
});
rows.push({
  name: "DKIM: a signature of the same organisation is said to be aligned where there is no policy",
  zone: (d) => withKey({}, `mail.${d}.com`),
  message: (d) => signed(plain(`${d}.com`), { d: `mail.${d}.com` }),
  expected: "inbox dkim=pass dmarc=none policy.aligned=dkim",
});
rows.push({
  name: "DKIM: one of a neighbour is not",
  zone: (d) => withKey({}, `${d}.github.io`),
  message: (d) => signed(plain("shop.github.io"), { d: `${d}.github.io` }),
  expected: "inbox dkim=pass dmarc=none !aligned",
});

// The key in DNS.
const p = /p=(.*)/.exec(rsaKey.record)![1]!;
const keys: readonly [name: string, record: string, expected?: string][] = [
  ["revoked", "v=DKIM1; p="],
  ["without v=", `k=rsa; p=${p}`, "inbox dkim=pass"],
  ["without k=", `p=${p}`, "inbox dkim=pass"],
  ["v= of another version", `v=DKIM2; p=${p}`],
  ["v= not first", `k=rsa; v=DKIM1; p=${p}`],
  ["no tag list", "what is this"],
  ["p= is no base64", "v=DKIM1; p=!!!"],
  ["p= is no key", "v=DKIM1; p=AAAA"],
  ["a tag twice", `v=DKIM1; k=rsa; k=rsa; p=${p}`],
  ["for sha1 only", `v=DKIM1; h=sha1; p=${p}`],
  ["for sha1 and sha256", `v=DKIM1; h=sha1:sha256; p=${p}`, "inbox dkim=pass"],
  ["for another service", `v=DKIM1; s=tlsrpt; p=${p}`],
  ["for email", `v=DKIM1; s=email; p=${p}`, "inbox dkim=pass"],
  ["for all services", `v=DKIM1; s=*; p=${p}`, "inbox dkim=pass"],
  ["in test mode", `v=DKIM1; t=y; p=${p}`, "inbox dkim=pass"],
  ["strict, and i= is d=", `v=DKIM1; t=s; p=${p}`, "inbox dkim=pass"],
  ["of another pair", rsa1024.record],
  ["an Ed25519 key for an RSA signature", edKey.record],
  ["of an unknown type", `v=DKIM1; k=dsa; p=${p}`],
  ["with blanks in p=", `v=DKIM1; p=${p.replace(/(.{60})/g, "$1 ")}`, "inbox dkim=pass"],
  ["of 384 bits", keyOfBits(384)],
  ["of 16,384 bits", keyOfBits(16_384)],
  ["of 64 KB", `v=DKIM1; n=${"x".repeat(60_000)}; p=${p}`],
];
for (const [name, record, expected] of keys) rows.push(byDkim(`DKIM key: ${name}`, expected ?? "550", {}, { record }));
rows.push(
  byDkim("DKIM key: strict, and i= below d=", "550", { tags: { i: "a@sub.%d" } }, { record: `v=DKIM1; t=s; p=${p}` }),
  byDkim("DKIM key: 1024 bits", "inbox dkim=pass", { key: rsa1024 }),
  byDkim("DKIM key: 768 bits", "550", { key: rsa768 }),
  byDkim("DKIM key: 512 bits", "550", { key: rsa512 }),
  byDkim(
    "DKIM key: 512 bits are seen as such",
    "inbox dkim=policy",
    { key: rsa512 },
    { zone: (d) => ({ [`_dmarc.${d}`]: {} }) },
  ),
  byDkim("DKIM key: Ed25519 of a wrong length", "550", { key: edKey }, { record: "v=DKIM1; k=ed25519; p=AAAA" }),
  byDkim("DKIM key: there is none", "550", {}, { zone: (d) => ({ [`s1._domainkey.${d}`]: {} }) }),
  byDkim("DKIM key: DNS fails", "451", {}, { zone: (d) => ({ [`s1._domainkey.${d}`]: { servfail: true } }) }),
  byDkim("DKIM key: DNS keeps silent", "451", {}, { zone: (d) => ({ [`s1._domainkey.${d}`]: { timeout: true } }) }),
  byDkim(
    "DKIM key: one that cannot be read beside a good one",
    "inbox dkim=pass",
    {},
    { zone: (d) => ({ [`s1._domainkey.${d}`]: { TXT: ["nonsense", rsaKey.record] } }) },
  ),
  byDkim(
    "DKIM key: behind an alias",
    "inbox dkim=pass",
    {},
    {
      zone: (d) => ({ [`s1._domainkey.${d}`]: { CNAME: `k.${d}` }, [`k.${d}`]: { TXT: rsaKey.record } }),
    },
  ),
);

// Alignment.
const signers: readonly [name: string, signer: (d: string) => string, relaxed: boolean, strict: boolean][] = [
  ["the same", (d) => d, true, true],
  ["below", (d) => `mail.${d}`, true, false],
  ["another", (d) => `other-${d}`, false, false],
  ["one that ends alike", (d) => `x${d}`, false, false],
];
for (const [name, signer, relaxed, strict] of signers)
  for (const adkim of ["r", "s"])
    rows.push({
      name: `DKIM alignment adkim=${adkim}: ${name}`,
      zone: (d) => withKey(withPolicy(d, `p=reject; adkim=${adkim}`), signer(d)),
      message: (d) => signed(plain(d), { d: signer(d) }),
      expected: (adkim === "r" ? relaxed : strict) ? "inbox dkim=pass dmarc=pass" : "550",
    });
rows.push({
  name: "DKIM alignment: the author is below the signer",
  zone: (d) => withKey({ [`_dmarc.${d}`]: { TXT: "v=DMARC1; p=reject" } }, d),
  from: (d) => `a@news.${d}`,
  message: (d) => signed(plain(`news.${d}`), { d }),
  expected: "inbox dkim=pass dmarc=pass",
});

// Several signatures.
const two =
  (first: (text: string, d: string) => string, second: (text: string, d: string) => string) =>
  (d: string): string =>
    first(second(plain(d), d), d);
const good = (text: string, d: string): string => signed(text, { d });
const other = (text: string, d: string): string => signed(text, { d: `other-${d}` });
const broken = (text: string, d: string): string => signed(text, { d, tags: { bh: "AAAA" } });
const weak = (text: string, d: string): string => signed(text, { d, s: "w", key: rsa512 });
const ed = (text: string, d: string): string => signed(text, { d, s: "ed", key: edKey });
const many =
  (count: number, one: (text: string, d: string) => string) =>
  (text: string, d: string): string => {
    const field = one(text, d).slice(0, -text.length);
    return field.repeat(count) + text;
  };
const allKeys = (d: string) => {
  const zone = withKey(withKey(withPolicy(d, "p=reject", spfFail), d), `other-${d}`);
  return withKey(withKey(zone, d, rsa512.record, "w"), d, edKey.record, "ed");
};
const several: readonly [name: string, message: (d: string) => string, expected: string][] = [
  ["two that hold", two(good, ed), "inbox dmarc=pass header.a=rsa-sha256 header.a=ed25519-sha256"],
  ["a broken one before a good one", two(broken, good), "inbox dkim=pass dkim=fail dmarc=pass"],
  ["a good one before a broken one", two(good, broken), "inbox dkim=pass dmarc=pass"],
  ["one of another domain and a good one", two(other, good), "inbox dmarc=pass"],
  ["a weak one and a good one", two(weak, good), "inbox dkim=pass dkim=policy dmarc=pass"],
  ["a weak one and one of another domain", two(weak, other), "550"],
  ["a broken one and one of another domain", two(broken, other), "550"],
  ["a thousand that are broken", (d) => many(1000, broken)(plain(d), d), "550"],
  ["a thousand of others before ours", (d) => many(1000, other)(good(plain(d), d), d), "inbox dkim=pass dmarc=pass"],
  ["a thousand that cannot be read", (d) => `${"DKIM-Signature: x\n".repeat(1000)}${plain(d)}`, "550"],
];
for (const [name, message, expected] of several)
  rows.push({ name: `DKIM, several signatures: ${name}`, zone: allKeys, message, expected });
export const dkimRows: readonly Row[] = rows;
