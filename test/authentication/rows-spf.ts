import { plain, type Row, spfFail, spfPass, withPolicy, type Zone } from "./case.ts";

const spfOf: { readonly [result: string]: (d: string) => Zone } = {
  pass: (d) => ({ [d]: { TXT: spfPass } }),
  fail: (d) => ({ [d]: { TXT: spfFail } }),
  softfail: (d) => ({ [d]: { TXT: "v=spf1 ~all" } }),
  neutral: (d) => ({ [d]: { TXT: "v=spf1 ?all" } }),
  none: (d) => ({ [d]: { TXT: "something else" } }),
  permerror: (d) => ({ [d]: { TXT: "v=spf1 nonsense:x -all" } }),
  temperror: (d) => ({ [d]: { servfail: ["TXT"] } }),
};
const rows: Row[] = [];

// Every SPF result with every policy.
for (const [result, zone] of Object.entries(spfOf))
  for (const policy of ["none", "quarantine", "reject", ""]) {
    const passes = result === "pass";
    const dmarc = policy === "" ? "none" : passes ? "pass" : result === "temperror" ? "temperror" : "fail";
    const place =
      passes || policy === "" || policy === "none"
        ? "inbox"
        : result === "temperror"
          ? policy === "reject"
            ? "451"
            : "inbox"
          : policy === "reject"
            ? "550"
            : "junk";
    const results = place.length === 3 ? "" : ` spf=${result} dkim=none dmarc=${dmarc}`;
    rows.push({
      name: `SPF ${result}, policy ${policy || "absent"}`,
      zone: (d) => (policy === "" ? zone(d) : { ...zone(d), [`_dmarc.${d}`]: { TXT: `v=DMARC1; p=${policy}` } }),
      expected: place + results,
    });
  }

// Alignment of SPF: the sender's domain against the author's.
const relations: readonly [name: string, from: (d: string) => string, relaxed: boolean, strict: boolean][] = [
  ["the same", (d) => d, true, true],
  ["below the author's", (d) => `bounce.${d}`, true, false],
  ["two below", (d) => `a.b.${d}`, true, false],
  ["another", (d) => `other-${d}`, false, false],
  ["one that ends alike", (d) => `x${d}`, false, false],
];
for (const [name, from, relaxed, strict] of relations)
  for (const aspf of ["r", "s"]) {
    const ok = aspf === "r" ? relaxed : strict;
    rows.push({
      name: `SPF alignment aspf=${aspf}: ${name}`,
      zone: (d) => ({
        ...withPolicy(d, `p=reject; aspf=${aspf}`),
        [from(d)]: { TXT: spfPass },
      }),
      from: (d) => `a@${from(d)}`,
      expected: ok ? "inbox spf=pass dmarc=pass" : "550",
    });
  }

// The record itself.
const records: readonly [name: string, record: string, expected: string, more?: (d: string) => Zone][] = [
  ["include", "v=spf1 include:_i.%d -all", "inbox spf=pass", (d) => ({ [`_i.${d}`]: { TXT: spfPass } })],
  [
    "include that fails goes on",
    "v=spf1 include:_i.%d ?all",
    "inbox spf=neutral",
    (d) => ({ [`_i.${d}`]: { TXT: spfFail } }),
  ],
  ["include of nothing", "v=spf1 include:_i.%d -all", "inbox spf=permerror"],
  ["redirect", "v=spf1 redirect=_r.%d", "inbox spf=pass", (d) => ({ [`_r.${d}`]: { TXT: spfPass } })],
  ["redirect to nothing", "v=spf1 redirect=_r.%d", "inbox spf=permerror"],
  ["redirect in a ring", "v=spf1 redirect=%d", "inbox spf=permerror"],
  ["include in a ring", "v=spf1 include:%d -all", "inbox spf=permerror"],
  ["a", "v=spf1 a:h.%d -all", "inbox spf=pass", (d) => ({ [`h.${d}`]: { A: "127.0.0.1" } })],
  ["a with a prefix", "v=spf1 a:h.%d/24 -all", "inbox spf=pass", (d) => ({ [`h.${d}`]: { A: "127.0.0.77" } })],
  ["a of another", "v=spf1 a:h.%d -all", "inbox spf=fail", (d) => ({ [`h.${d}`]: { A: "127.0.0.77" } })],
  [
    "mx",
    "v=spf1 mx:m.%d -all",
    "inbox spf=pass",
    (d) => ({ [`m.${d}`]: { MX: `10 h.${d}` }, [`h.${d}`]: { A: "127.0.0.1" } }),
  ],
  [
    "too many MX hosts",
    "v=spf1 mx:m.%d -all",
    "inbox spf=permerror",
    (d) => ({ [`m.${d}`]: { MX: Array.from({ length: 11 }, (_, i) => `10 h${i}.${d}`) } }),
  ],
  [
    "exists with a macro",
    "v=spf1 exists:%{i}.x.%d -all",
    "inbox spf=pass",
    (d) => ({ [`127.0.0.1.x.${d}`]: { A: "127.0.0.2" } }),
  ],
  [
    "exists by local part",
    "v=spf1 exists:%{l}.x.%d -all",
    "inbox spf=pass",
    (d) => ({ [`a.x.${d}`]: { A: "127.0.0.2" } }),
  ],
  [
    "reversed address",
    "v=spf1 exists:%{ir}.x.%d -all",
    "inbox spf=pass",
    (d) => ({ [`1.0.0.127.x.${d}`]: { A: "127.0.0.2" } }),
  ],
  [
    "ten lookups",
    `v=spf1 ${Array.from({ length: 10 }, () => "a:h.%d").join(" ")} ip4:127.0.0.1 -all`,
    "inbox spf=pass",
    (d) => ({ [`h.${d}`]: { A: "192.0.2.1" } }),
  ],
  [
    "eleven lookups",
    `v=spf1 ${Array.from({ length: 11 }, () => "a:h.%d").join(" ")} ip4:127.0.0.1 -all`,
    "inbox spf=permerror",
    (d) => ({ [`h.${d}`]: { A: "192.0.2.1" } }),
  ],
  ["two void lookups", "v=spf1 a:n1.%d a:n2.%d ip4:127.0.0.1 -all", "inbox spf=pass"],
  ["three void lookups", "v=spf1 a:n1.%d a:n2.%d a:n3.%d ip4:127.0.0.1 -all", "inbox spf=permerror"],
  ["ip6 does not hold for ip4", "v=spf1 ip6:::ffff:127.0.0.1 ?all", "inbox spf=neutral"],
  ["a wrong prefix", "v=spf1 ip4:127.0.0.1/33 -all", "inbox spf=permerror"],
  ["upper case", "V=SPF1 IP4:127.0.0.1 -ALL", "inbox spf=pass"],
  ["spf10 is another thing", "v=spf10 ip4:127.0.0.1", "inbox spf=none"],
  ["an unknown modifier", "v=spf1 foo=bar ip4:127.0.0.1 -all", "inbox spf=pass"],
  ["+all", "v=spf1 +all", "inbox spf=pass"],
  ["a long record", `v=spf1 ${"ip4:192.0.2.0/24 ".repeat(500)}ip4:127.0.0.1 -all`, "inbox spf=pass"],
  ["64 KB", `v=spf1 ${"ip4:192.0.2.0/24 ".repeat(3800)}ip4:127.0.0.1 -all`, "inbox spf=permerror"],
];
for (const [name, record, expected, more] of records)
  rows.push({
    name: `SPF record: ${name}`,
    zone: (d) => ({ [d]: { TXT: record.replaceAll("%d", d) }, ...more?.(d) }),
    expected,
  });
rows.push(
  {
    name: "SPF: two records",
    zone: (d) => ({ [d]: { TXT: [spfPass, spfPass] } }),
    expected: "inbox spf=permerror",
  },
  { name: "SPF: DNS keeps silent", zone: (d) => ({ [d]: { timeout: true } }), expected: "inbox spf=temperror" },
  {
    name: "SPF: silence inside an include",
    zone: (d) => ({ [d]: { TXT: `v=spf1 include:_i.${d} -all` }, [`_i.${d}`]: { servfail: true } }),
    expected: "inbox spf=temperror",
  },
  {
    name: "SPF: aliases in a ring",
    zone: (d) => ({ [d]: { CNAME: `x.${d}` }, [`x.${d}`]: { CNAME: d } }),
    expected: "inbox !spf=pass",
  },
  {
    name: "SPF: another address of the peer",
    peer: "127.0.0.5",
    zone: (d) => ({ [d]: { TXT: "v=spf1 ip4:127.0.0.5 -all" } }),
    expected: "inbox spf=pass",
  },
  {
    name: "SPF: and its address only",
    peer: "127.0.0.6",
    zone: (d) => ({ [d]: { TXT: "v=spf1 ip4:127.0.0.5 -all" } }),
    expected: "inbox spf=fail",
  },
  {
    name: "SPF: an explanation reaches the sender",
    zone: (d) => ({ ...withPolicy(d, "p=reject", `v=spf1 -all exp=e.${d}`), [`e.${d}`]: { TXT: "%{i} is not ours" } }),
    expected: "550",
    reply: /explains: 127\.0\.0\.1 is not ours/,
  },
);

// The null sender: HELO is the identity.
for (const [result, zone] of Object.entries(spfOf))
  rows.push({
    name: `null sender: HELO ${result}`,
    zone: (d) => ({ ...zone(`h.${d}`) }),
    from: () => "",
    helo: (d) => `h.${d}`,
    expected: `inbox spf=${result} smtp.helo=h.`,
  });
rows.push(
  {
    name: "null sender: HELO stands for the author",
    zone: (d) => ({ [`h.${d}`]: { TXT: spfPass }, [`_dmarc.${d}`]: { TXT: "v=DMARC1; p=reject" } }),
    from: () => "",
    helo: (d) => `h.${d}`,
    message: (d) => plain(d),
    expected: "inbox spf=pass dmarc=pass",
  },
  {
    name: "null sender: HELO of another domain does not",
    zone: (d) => ({ [`h-${d}`]: { TXT: spfPass }, [`_dmarc.${d}`]: { TXT: "v=DMARC1; p=reject" } }),
    from: () => "",
    helo: (d) => `h-${d}`,
    expected: "550",
  },
  {
    name: "null sender: HELO is an address literal",
    zone: () => ({}),
    from: () => "",
    helo: () => "[127.0.0.1]",
    expected: "inbox spf=none dmarc=none",
  },
  {
    name: "HELO does not matter where there is a sender",
    zone: (d) => ({ [`h.${d}`]: { TXT: spfPass }, ...withPolicy(d, "p=reject") }),
    helo: (d) => `h.${d}`,
    expected: "550",
  },
);
export const spfRows: readonly Row[] = rows;
