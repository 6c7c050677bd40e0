/** Strangers who write into our results, and what DNS may be made to do. */
import { plain, type Row, spfPass, withKey, withPolicy } from "./case.ts";
import { rsaKey, signed } from "./signer.ts";

const rows: Row[] = [];
/** Results that say "forged" must be gone; the marker of others stays. */
const forged: readonly [name: string, field: string, expected: string][] = [
  ["plain", "Authentication-Results: mail.example.test; forged=pass", "!forged"],
  ["upper case", "AUTHENTICATION-RESULTS: MAIL.EXAMPLE.TEST; forged=pass", "!forged"],
  ["a blank before the colon", "Authentication-Results : mail.example.test; forged=pass", "!forged"],
  ["folded", "Authentication-Results:\n\tmail.example.test; forged=pass", "!forged"],
  ["a comment first", "Authentication-Results: (nested (comment)) mail.example.test; forged=pass", "!forged"],
  [
    "a comment with a quoted parenthesis",
    "Authentication-Results: (a \\) b) mail.example.test; forged=pass",
    "!forged",
  ],
  ["in quotes", 'Authentication-Results: "mail.example.test"; forged=pass', "!forged"],
  ["in quotes with backslashes", 'Authentication-Results: "mail\\.example.test"; forged=pass', "!forged"],
  ["with a version", "Authentication-Results: mail.example.test 1; forged=pass", "!forged"],
  ["a dot at the end", "Authentication-Results: mail.example.test.; forged=pass", "!forged"],
  ["no semicolon", "Authentication-Results: mail.example.test", ""],
  [
    "twice",
    "Authentication-Results: mail.example.test; forged=1\nX-A: 1\nAuthentication-Results: mail.example.test; forged=2",
    "!forged",
  ],
  ["of others", "Authentication-Results: mx.elsewhere.test; kept=pass", "kept=pass"],
  ["of one whose name ends alike", "Authentication-Results: xmail.example.test; kept=pass", "kept=pass"],
  [
    "of one whose name begins alike",
    "Authentication-Results: mail.example.test.elsewhere.test; kept=pass",
    "kept=pass",
  ],
];
for (const [name, field, expected] of forged)
  rows.push({
    name: `forged results: ${name}`,
    zone: (d) => withPolicy(d, "p=none"),
    message: (d) => `${field}\n${plain(d)}`,
    expected: `inbox dmarc=fail ${expected}`.trimEnd(),
  });

const senders: readonly [name: string, from: (d: string) => string][] = [
  ["a semicolon", (d) => `"x; dmarc=pass header.from=bank.test"@${d}`],
  ["a quote", (d) => `"x\\"; dmarc=pass"@${d}`],
  ["parentheses", (d) => `"x) dmarc=pass ("@${d}`],
  ["blanks", (d) => `"x dmarc=pass"@${d}`],
  ["a backslash at the end", (d) => `"x\\\\"@${d}`],
  ["an @", (d) => `"x@bank.test; dmarc=pass"@${d}`],
];
for (const [name, from] of senders)
  rows.push({
    name: `MAIL FROM with ${name}`,
    zone: (d) => ({ [d]: { TXT: spfPass }, [`_dmarc.${d}`]: { TXT: "v=DMARC1; p=quarantine; aspf=s" } }),
    from,
    message: (d) => plain(`sub.${d}`),
    expected: "junk spf=pass dmarc=fail !dmarc=pass",
  });
rows.push(
  {
    name: "HELO with more in it",
    zone: (d) => withPolicy(d, "p=none"),
    from: () => "",
    helo: () => "[IPv6:2001:db8::1]",
    expected: "inbox !dmarc=pass",
  },
  {
    name: "i= with a semicolon in quotes",
    zone: (d) => withKey(withPolicy(d, "p=none", spfPass), d),
    message: (d) => signed(plain(d), { d, tags: { i: `"x dmarc=pass"@${d}` } }),
    expected: "inbox dkim=pass header.i=@",
  },
  {
    name: "a selector with blanks",
    zone: (d) => withPolicy(d, "p=none"),
    message: (d) => signed(plain(d), { d, s: "x arc=pass" }),
    expected: "inbox dkim=permerror !arc=pass",
  },
  {
    name: "d= that breaks out",
    zone: (d) => withPolicy(d, "p=none"),
    message: (d) => signed(plain(d), { d: 'x.test" dmarc=pass' }),
    expected: "inbox dkim=permerror !dmarc=pass",
  },
  {
    name: "BIMI fields of a stranger are not kept",
    zone: (d) => withPolicy(d, "p=none"),
    message: (d) => `BIMI-Location: v=BIMI1; l=https://forged.test/\nBIMI-Indicator: forged\n${plain(d)}`,
    expected: "inbox !forged",
  },
  {
    name: "an SPF record that breaks out",
    zone: (d) => ({ [d]: { TXT: "v=spf1 exists:x;dmarc=pass.test ?all" } }),
    expected: "inbox spf=neutral !dmarc=pass",
  },
);

// The reverse name.
const reverse: readonly [name: string, peer: string, zone: Row["zone"], expected: string][] = [
  [
    "leads back",
    "127.0.0.31",
    (d) => ({ "127.0.0.31": { PTR: `h.${d}` }, [`h.${d}`]: { A: "127.0.0.31" } }),
    "inbox iprev=pass",
  ],
  [
    "leads elsewhere",
    "127.0.0.32",
    (d) => ({ "127.0.0.32": { PTR: `h.${d}` }, [`h.${d}`]: { A: "127.0.0.99" } }),
    "inbox iprev=fail",
  ],
  ["leads nowhere", "127.0.0.33", (d) => ({ "127.0.0.33": { PTR: `h.${d}` } }), "inbox iprev=fail"],
  ["is not there", "127.0.0.34", () => ({}), "inbox iprev=permerror"],
  ["cannot be asked (SERVFAIL)", "127.0.0.35", () => ({ "127.0.0.35": { servfail: true } }), "inbox iprev=temperror"],
  [
    "one of several leads back",
    "127.0.0.36",
    (d) => ({ "127.0.0.36": { PTR: [`x.${d}`, `h.${d}`] }, [`h.${d}`]: { A: "127.0.0.36" } }),
    "inbox iprev=pass",
  ],
];
for (const [name, peer, zone, expected] of reverse) rows.push({ name: `reverse name: ${name}`, peer, zone, expected });

// Pictures.
const picture = (name: string, bimi: string, expected: string, policy = "p=reject"): void => {
  rows.push({
    name: `BIMI: ${name}`,
    zone: (d) => ({
      ...withKey(withPolicy(d, policy, spfPass), d, rsaKey.record),
      [`default._bimi.${d}`]: { TXT: bimi },
    }),
    expected,
  });
};
picture("self-asserted", "v=BIMI1; l=https://img.test/logo.svg", "inbox dmarc=pass bimi=pass");
picture("declined", "v=BIMI1; l=; a=", "inbox bimi=declined");
picture("no https", "v=BIMI1; l=http://img.test/logo.svg", "inbox bimi=fail");
picture("a policy that lets forgeries through", "v=BIMI1; l=https://img.test/logo.svg", "inbox !bimi=", "p=none");
picture("a policy in test mode", "v=BIMI1; l=https://img.test/logo.svg", "inbox !bimi=", "p=reject; t=y");
picture("another version", "v=BIMI2; l=https://img.test/logo.svg", "inbox !bimi=");
export const hostileRows: readonly Row[] = rows;
