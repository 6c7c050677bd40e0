import { date, plain, type Row, spfFail, spfPass, withKey, withPolicy, type Zone } from "./case.ts";
import { signed } from "./signer.ts";

const rows: Row[] = [];
const exists = (name: string): Zone => ({ [name]: { A: "192.0.2.9" } });

/** A forgery of mail from `author(d)`; the records say what is asked for. */
const forgery = (name: string, author: (d: string) => string, zone: (d: string) => Zone, expected: string): void => {
  rows.push({
    name: `DMARC: ${name}`,
    zone: (d) => ({ [`sender-${d}`]: { TXT: spfPass }, ...zone(d) }),
    from: (d) => `a@sender-${d}`,
    message: (d) => plain(author(d)),
    expected,
  });
};
const own = (d: string): string => d;
const sub = (d: string): string => `sub.${d}`;
const record =
  (text: string | readonly string[]) =>
  (d: string): Zone => ({ [`_dmarc.${d}`]: { TXT: text }, ...exists(`sub.${d}`) });

// The record.
forgery("reject", own, record("v=DMARC1; p=reject"), "550");
forgery("quarantine", own, record("v=DMARC1; p=quarantine"), "junk dmarc=fail policy.dmarc=quarantine");
forgery("none", own, record("v=DMARC1; p=none"), "inbox dmarc=fail policy.dmarc=none");
forgery("no record", own, () => ({}), "inbox dmarc=none");
forgery("upper case policy", own, record("v=DMARC1; p=REJECT"), "550");
forgery("blanks everywhere", own, record(" v = DMARC1 ;  p = reject ; "), "550");
forgery("v= in lower case is no record", own, record("v=dmarc1; p=reject"), "inbox dmarc=none");
forgery("v= not first is no record", own, record("p=reject; v=DMARC1"), "inbox dmarc=none");
forgery("another version", own, record("v=DMARC2; p=reject"), "inbox dmarc=none");
forgery("two records", own, record(["v=DMARC1; p=reject", "v=DMARC1; p=none"]), "inbox dmarc=none");
forgery("beside other TXT records", own, record(["hello", "v=DMARC1; p=reject"]), "550");
forgery("no p=, nobody to tell", own, record("v=DMARC1"), "inbox dmarc=none");
forgery(
  "no p=, somebody to tell",
  own,
  record("v=DMARC1; rua=mailto:d@example.org"),
  "inbox dmarc=fail policy.dmarc=none",
);
forgery(
  "a wrong p=",
  own,
  record("v=DMARC1; p=destroy; rua=mailto:d@example.org"),
  "inbox dmarc=fail policy.dmarc=none",
);
forgery("a wrong sp= and a p=", own, record("v=DMARC1; p=reject; sp=x"), "inbox dmarc=none");
forgery("unknown tags", own, record("v=DMARC1; p=reject; zz=1; pct=0; rf=afrf"), "550");
forgery("a tag twice", own, record("v=DMARC1; p=reject; p=none"), "inbox dmarc=none");
forgery("p= after other tags", own, record("v=DMARC1; adkim=s; p=reject"), "550");
forgery(
  "t=y makes reject quarantine",
  own,
  record("v=DMARC1; p=reject; t=y"),
  "junk dmarc=fail policy.dmarc=quarantine",
);
forgery("t=y makes quarantine none", own, record("v=DMARC1; p=quarantine; t=y"), "inbox dmarc=fail policy.dmarc=none");
forgery("t=n", own, record("v=DMARC1; p=reject; t=n"), "550");
forgery(
  "behind an alias",
  own,
  (d) => ({ [`_dmarc.${d}`]: { CNAME: `p.${d}` }, [`p.${d}`]: { TXT: "v=DMARC1; p=reject" } }),
  "550",
);

// Subdomains.
forgery("a subdomain has its parent's p=", sub, record("v=DMARC1; p=reject"), "550");
forgery("sp=none", sub, record("v=DMARC1; p=reject; sp=none"), "inbox dmarc=fail policy.dmarc=none");
forgery("sp=quarantine", sub, record("v=DMARC1; p=reject; sp=quarantine"), "junk dmarc=fail");
forgery("sp=reject", sub, record("v=DMARC1; p=none; sp=reject"), "550");
forgery("sp= is not for the domain itself", own, record("v=DMARC1; p=none; sp=reject"), "inbox dmarc=fail");
forgery("np=reject for a name that does not exist", (d) => `ghost.${d}`, record("v=DMARC1; p=none; np=reject"), "550");
forgery("np= is not for a name that exists", sub, record("v=DMARC1; p=none; np=reject"), "inbox dmarc=fail");
forgery("np= before sp=", (d) => `ghost.${d}`, record("v=DMARC1; p=none; sp=reject; np=none"), "inbox dmarc=fail");
forgery("without np= a ghost has sp=", (d) => `ghost.${d}`, record("v=DMARC1; p=none; sp=reject"), "550");
forgery("without both it has p=", (d) => `ghost.${d}`, record("v=DMARC1; p=reject"), "550");
forgery("np= and t=y", (d) => `ghost.${d}`, record("v=DMARC1; p=none; np=reject; t=y"), "junk dmarc=fail");
forgery(
  "an MX alone makes a name exist",
  (d) => `mx.${d}`,
  (d) => ({ ...record("v=DMARC1; p=none; np=reject")(d), [`mx.${d}`]: { MX: "10 h.example" } }),
  "inbox dmarc=fail",
);
forgery(
  "a TXT record alone does not",
  (d) => `txt.${d}`,
  (d) => ({ ...record("v=DMARC1; p=none; np=reject")(d), [`txt.${d}`]: { TXT: "x" } }),
  "550",
);
forgery(
  "DNS does not say whether it exists",
  (d) => `dark.${d}`,
  (d) => ({ ...record("v=DMARC1; p=none; np=reject")(d), [`dark.${d}`]: { servfail: true } }),
  "451",
);
forgery(
  "its own record comes first",
  sub,
  (d) => ({ ...record("v=DMARC1; p=reject")(d), [`_dmarc.sub.${d}`]: { TXT: "v=DMARC1; p=none" } }),
  "inbox dmarc=fail policy.dmarc=none",
);
forgery(
  "its own record is stricter",
  sub,
  (d) => ({ ...record("v=DMARC1; p=none")(d), [`_dmarc.sub.${d}`]: { TXT: "v=DMARC1; p=reject" } }),
  "550",
);
forgery(
  "of several above it the organisation's",
  (d) => `a.b.${d}`,
  (d) => ({
    ...record("v=DMARC1; p=reject")(d),
    [`_dmarc.b.${d}`]: { TXT: "v=DMARC1; p=none" },
    ...exists(`a.b.${d}`),
  }),
  "550",
);

// The tree walk.
const deep = (d: string): string => `a.b.c.d.e.f.g.h.i.j.${d}`;
forgery("twelve labels", deep, record("v=DMARC1; p=reject"), "550");
forgery(
  "names that the walk leaves out are not asked",
  deep,
  (d) => ({ [`_dmarc.b.c.d.e.f.g.h.i.j.${d}`]: { TXT: "v=DMARC1; p=reject" } }),
  "inbox dmarc=none",
);
forgery(
  "psd=n ends it",
  (d) => `x.org.${d}`,
  (d) => ({
    ...record("v=DMARC1; p=reject")(d),
    [`_dmarc.org.${d}`]: { TXT: "v=DMARC1; p=none; psd=n" },
    ...exists(`x.org.${d}`),
  }),
  "inbox dmarc=fail policy.dmarc=none",
);
forgery(
  "a public suffix's policy holds below it",
  (d) => `org.${d}`,
  (d) => ({ ...record("v=DMARC1; p=reject; psd=y")(d), ...exists(`org.${d}`) }),
  "550",
);
forgery("np= of a public suffix", (d) => `ghost.${d}`, record("v=DMARC1; p=none; np=reject; psd=y"), "550");
forgery(
  "the organisation's before the suffix's",
  (d) => `org.${d}`,
  (d) => ({ ...record("v=DMARC1; p=reject; psd=y")(d), [`_dmarc.org.${d}`]: { TXT: "v=DMARC1; p=none" } }),
  "inbox dmarc=fail policy.dmarc=none",
);
const aligned = (
  name: string,
  author: (d: string) => string,
  signer: (d: string) => string,
  zone: (d: string) => Zone,
  expected: string,
): void => {
  rows.push({
    name: `DMARC alignment: ${name}`,
    zone: (d) => withKey({ [d]: { TXT: spfFail }, ...zone(d) }, signer(d)),
    message: (d) => signed(plain(author(d)), { d: signer(d) }),
    expected,
  });
};
aligned(
  "two subdomains of one organisation",
  sub,
  (d) => `mail.${d}`,
  record("v=DMARC1; p=reject"),
  "inbox dmarc=pass",
);
aligned("strict parts them", sub, (d) => `mail.${d}`, record("v=DMARC1; p=reject; adkim=s"), "550");
aligned(
  "two organisations below one suffix",
  (d) => `one.${d}`,
  (d) => `two.${d}`,
  (d) => ({ ...record("v=DMARC1; p=reject; psd=y")(d), ...exists(`one.${d}`) }),
  "550",
);
aligned(
  "below psd=y, one organisation",
  (d) => `a.one.${d}`,
  (d) => `b.one.${d}`,
  (d) => ({ ...record("v=DMARC1; p=reject; psd=y")(d), ...exists(`a.one.${d}`) }),
  "inbox dmarc=pass",
);
aligned(
  "psd=n makes a subdomain its own organisation",
  (d) => `x.org.${d}`,
  own,
  (d) => ({
    ...record("v=DMARC1; p=none")(d),
    [`_dmarc.org.${d}`]: { TXT: "v=DMARC1; p=reject; psd=n" },
    ...exists(`x.org.${d}`),
  }),
  "550",
);
aligned(
  "a public suffix signs for nobody",
  () => "shop.co.uk",
  () => "co.uk",
  () => ({ "_dmarc.co.uk": { TXT: "v=DMARC1; p=reject" } }),
  "550",
);

// Trouble.
const trouble: readonly [name: string, zone: (d: string) => Zone, expected: string, sign?: boolean][] = [
  ["the policy cannot be read", (d) => ({ [d]: { TXT: spfFail }, [`_dmarc.${d}`]: { servfail: true } }), "451"],
  ["the policy comes too late", (d) => ({ [d]: { TXT: spfFail }, [`_dmarc.${d}`]: { timeout: true } }), "451"],
  [
    "the policy cannot be read, SPF stands for the author",
    (d) => ({ [d]: { TXT: spfPass }, [`_dmarc.${d}`]: { servfail: true } }),
    "inbox spf=pass dmarc=temperror",
  ],
  [
    "the policy cannot be read, DKIM stands for the author",
    (d) => withKey({ [`_dmarc.${d}`]: { servfail: true } }, d),
    "inbox dkim=pass dmarc=temperror",
    true,
  ],
  [
    "SPF in trouble, DKIM passes",
    (d) => withKey({ [d]: { servfail: true }, [`_dmarc.${d}`]: { TXT: "v=DMARC1; p=reject" } }, d),
    "inbox spf=temperror dkim=pass dmarc=pass",
    true,
  ],
  [
    "DKIM in trouble, SPF passes",
    (d) => ({
      [d]: { TXT: spfPass },
      [`_dmarc.${d}`]: { TXT: "v=DMARC1; p=reject" },
      [`s1._domainkey.${d}`]: { servfail: true },
    }),
    "inbox spf=pass dkim=temperror dmarc=pass",
    true,
  ],
  [
    "DKIM in trouble, quarantine waits for nothing",
    (d) => ({
      [d]: { TXT: spfFail },
      [`_dmarc.${d}`]: { TXT: "v=DMARC1; p=quarantine" },
      [`s1._domainkey.${d}`]: { servfail: true },
    }),
    "inbox dkim=temperror dmarc=temperror",
    true,
  ],
  [
    "DKIM in trouble, p=none",
    (d) => ({
      [d]: { TXT: spfFail },
      [`_dmarc.${d}`]: { TXT: "v=DMARC1; p=none" },
      [`s1._domainkey.${d}`]: { servfail: true },
    }),
    "inbox dmarc=temperror",
    true,
  ],
  [
    "SPF in trouble, t=y makes reject quarantine",
    (d) => ({ [d]: { servfail: true }, [`_dmarc.${d}`]: { TXT: "v=DMARC1; p=reject; t=y" } }),
    "inbox dmarc=temperror",
  ],
];
for (const [name, zone, expected, sign] of trouble)
  rows.push({
    name: `DMARC in trouble: ${name}`,
    zone,
    expected,
    message: (d) => (sign === true ? signed(plain(d), { d }) : plain(d)),
  });
rows.push({
  name: "DMARC in trouble: a key of another domain does not matter",
  zone: (d) => ({ ...withPolicy(d, "p=reject"), [`s1._domainkey.other-${d}`]: { servfail: true } }),
  message: (d) => signed(plain(d), { d: `other-${d}` }),
  expected: "550",
});

// Who is the author?
const from = (name: string, field: (d: string) => string, expected: string, zone?: (d: string) => Zone): void => {
  rows.push({
    name: `From: ${name}`,
    zone: (d) => ({
      ...withKey({ [d]: { TXT: spfPass }, [`_dmarc.${d}`]: { TXT: "v=DMARC1; p=reject" } }, d),
      "_dmarc.bank.test": { TXT: "v=DMARC1; p=reject" },
      "_dmarc.shop.test": { TXT: "v=DMARC1; p=quarantine" },
      ...zone?.(d),
    }),
    message: (d) => {
      const text = `${field(d)}\nSubject: x\nDate: ${date}\n\nx\n`;
      return signed(text, { d });
    },
    expected,
  });
};
from("a bare address", (d) => `From: a@${d}`, "inbox dmarc=pass");
from("upper case", (d) => `FROM: A <A@${d.toUpperCase()}>`, "inbox dmarc=pass");
from("folded", (d) => `From:\n Ann\n <a@${d}>`, "inbox dmarc=pass");
from("blanks before the colon", (d) => `From : a@${d}`, "inbox dmarc=pass");
from("a comment with another address", (d) => `From: (x@bank.test) a@${d} (y@bank.test)`, "inbox dmarc=pass");
from("a name that is another address", (d) => `From: "x@bank.test" <a@${d}>`, "inbox dmarc=pass");
from(
  "an encoded name that is another address",
  (d) => `From: =?utf-8?q?=3Cx=40bank.test=3E?= <a@${d}>`,
  "inbox dmarc=pass",
);
from("a quoted local part with an @", (d) => `From: "x@bank.test"@${d}`, "inbox dmarc=pass");
from("a source route", (d) => `From: <@bank.test:a@${d}>`, "inbox dmarc=pass");
from("two authors of one domain", (d) => `From: a@${d}, b@${d}`, "inbox dmarc=pass");
from("two authors of two domains, one that rejects", (d) => `From: a@${d}, x@bank.test`, "550");
from("the same the other way round", (d) => `From: x@bank.test, a@${d}`, "550");
from("two domains without a policy", (d) => `From: a@free.test, b@free2.test (${d})`, "inbox dmarc=fail");
from("two domains, one puts aside", (d) => `From: a@free.test, b@shop.test (${d})`, "junk dmarc=fail");
from("two fields", (d) => `From: a@${d}\nFrom: x@bank.test`, "550");
from("two fields of one domain", (d) => `From: a@${d}\nFrom: b@${d}`, "550");
from("a group", (d) => `From: us: a@${d};`, "inbox dmarc=pass");
from("an empty group", () => "From: undisclosed:;", "inbox dmarc=permerror");
from("no address in it", () => "From: somebody", "inbox dmarc=permerror");
from("empty", () => "From:", "inbox dmarc=permerror");
from("two addresses without a comma", (d) => `From: x@bank.test a@${d}`, "550");
from("the same the other way round, in brackets of its own", (d) => `From: a@${d} (c) x@bank.test`, "550");
from("an @ too many", (d) => `From: x@bank.test(c)@${d}`, "550");
from("nothing but an encoded word that holds an address", () => "From: =?utf-8?q?x=40bank.test?=", "550");
from("a control character in it", (d) => `From: x@shop.test\u000b@${d}`, "550");
from("an address literal", () => "From: a@[127.0.0.1]", "inbox dmarc=permerror");
from("a second author that cannot be read", (d) => `From: a@${d}, b@[127.0.0.1]`, "550");
from("a dot at the end", (d) => `From: a@${d}.`, "inbox dmarc=pass");
from(
  "an A-label is its U-label",
  () => "From: a@xn--bcher-kva.test",
  "550",
  () => ({ "_dmarc.xn--bcher-kva.test": { TXT: "v=DMARC1; p=reject" } }),
);
const freemail = Array.from({ length: 4 }, (_, i) => `a@free${i}.test`).join(", ");
from("a domain that rejects behind four that do not care", (d) => `From: ${freemail}, x@bank.test (${d})`, "550");
from(
  "a domain that rejects behind a hundred authors of another",
  (d) => `From: ${`a@${d},\n `.repeat(100)}x@bank.test`,
  "550",
);
from("a hundred authors of one domain", (d) => `From: ${`a@${d},\n `.repeat(100)}`, "inbox dmarc=pass");
from("forty authors", (d) => `From: ${Array.from({ length: 40 }, (_, i) => `a${i}@d${i}.${d}`).join(", ")}`, "550");
rows.push({
  name: "From: there is none",
  zone: () => ({}),
  message: () => "Subject: x\n\nx\n",
  expected: "inbox dmarc=permerror",
});
export const dmarcRows: readonly Row[] = rows;
