/** Mail that went a longer way: sealers, mailing lists. The server believes `believed.test` and `also.test`. */
import { arcSeal } from "../../server/sign/arc-seal.ts";
import { plain, type Row, spfPass, withKey, withPolicy, type Zone } from "./case.ts";
import { rsaKey, signed } from "./signer.ts";

export const believed = ["believed.test", "also.test"];
const sealers = [...believed, "stranger.test"];
const pem = rsaKey.key.export({ type: "pkcs8", format: "pem" }).toString();

/** One more ARC set by `domain`, which says `results`. */
function sealed(
  message: string,
  domain: string,
  results: string,
  chain: "none" | "pass" | "fail" = "pass",
  only?: readonly string[],
): string {
  const bytes = Buffer.from(message.replaceAll("\n", "\r\n"));
  const key = { domain, selector: "arc", privateKey: pem };
  const set = arcSeal({ bytes, chain, results, ...key, sealedAt: Date.now(), ...(only && { only }) });
  return set.replaceAll("\r\n", "\n") + message;
}

const keys: Zone = Object.fromEntries(sealers.map((domain) => [`arc._domainkey.${domain}`, { TXT: rsaKey.record }]));
const zone =
  (policy: string) =>
  (d: string): Zone => ({ ...withPolicy(d, policy), ...keys });
const pass = (d: string, by: string): string => `${by}; dkim=pass header.d=${d}; dmarc=pass header.from=${d}`;
const rows: Row[] = [];
const row = (name: string, expected: string, message: (d: string) => string, policy = "p=reject"): void => {
  rows.push({ name: `ARC: ${name}`, zone: zone(policy), message, expected });
};
row("a believed sealer saw DMARC pass", "inbox dmarc=fail arc=pass", (d) =>
  sealed(plain(d), "believed.test", pass(d, "mx.believed.test")),
);
row(
  "the same, quarantine",
  "inbox dmarc=fail arc=pass",
  (d) => sealed(plain(d), "believed.test", pass(d, "mx.believed.test")),
  "p=quarantine",
);
row("a sealer that is not believed", "550", (d) => sealed(plain(d), "stranger.test", pass(d, "mx.stranger.test")));
row(
  "a sealer that is not believed, quarantine",
  "junk dmarc=fail arc=pass",
  (d) => sealed(plain(d), "stranger.test", pass(d, "mx.stranger.test")),
  "p=quarantine",
);
row("a believed sealer saw it fail", "550", (d) =>
  sealed(plain(d), "believed.test", `mx.believed.test; dmarc=fail header.from=${d}`),
);
row("a believed sealer says nothing of DMARC", "550", (d) =>
  sealed(plain(d), "believed.test", "mx.believed.test; spf=pass"),
);
row("a believed sealer saw another author", "550", (d) =>
  sealed(plain(d), "believed.test", pass("elsewhere.test", "mx.believed.test")),
);
row("what stands in quotes is not said", "550", (d) =>
  sealed(plain(d), "believed.test", `mx.believed.test; spf=fail reason="; dmarc=pass header.from=${d}"`),
);
row("what stands in a comment is not said", "550", (d) =>
  sealed(plain(d), "believed.test", `mx.believed.test; spf=fail (; dmarc=pass header.from=${d};)`),
);
row("two believed sealers", "inbox dmarc=fail arc=pass", (d) =>
  sealed(sealed(plain(d), "believed.test", pass(d, "mx")), "also.test", "mx.also.test; dmarc=fail; arc=pass"),
);
row("a believed one over one that is not", "550", (d) =>
  sealed(sealed(plain(d), "stranger.test", pass(d, "mx")), "believed.test", "mx.believed.test; dmarc=fail; arc=pass"),
);
row("one that is not over a believed one", "550", (d) =>
  sealed(sealed(plain(d), "believed.test", pass(d, "mx")), "stranger.test", "mx; dmarc=fail"),
);
row("the body was changed after the seal", "550", (d) =>
  sealed(plain(d), "believed.test", pass(d, "mx")).replace("Hello there", "Hello you"),
);
row("a second Subject came after the seal", "550", (d) =>
  sealed(plain(d), "believed.test", pass(d, "mx")).replace("From:", "Subject: Other\nFrom:"),
);
row("From is not sealed", "550", (d) =>
  sealed(plain("elsewhere.test"), "believed.test", pass(d, "mx"), "pass", ["subject", "date"]).replace(
    "a@elsewhere.test",
    `a@${d}`,
  ),
);
row("the results were changed after the seal", "550", (d) =>
  sealed(plain(d), "believed.test", "mx; dmarc=fail").replace("dmarc=fail", `dmarc=pass header.from=${d}`),
);
row("a set is missing a field", "550", (d) =>
  sealed(plain(d), "believed.test", pass(d, "mx")).replace(/ARC-Authentication-Results:[^\n]*\n(?:[ \t][^\n]*\n)*/, ""),
);
row("instance 0", "550", (d) => sealed(plain(d), "believed.test", pass(d, "mx")).replace(/\bi=1\b/g, "i=0"));
row("instance 51", "550", (d) => sealed(plain(d), "believed.test", pass(d, "mx")).replace(/\bi=1\b/g, "i=51"));
row("a chain that says it failed", "550", (d) =>
  sealed(sealed(plain(d), "believed.test", pass(d, "mx")), "also.test", "mx; dmarc=fail", "fail"),
);
row("a seal twice", "550", (d) => {
  const text = sealed(plain(d), "believed.test", pass(d, "mx"));
  return /^ARC-Seal:[^\n]*\n(?:[ \t][^\n]*\n)*/.exec(text)![0] + text;
});
rows.push({
  name: "ARC: broken, but DMARC passes",
  zone: (d) => ({ [d]: { TXT: spfPass }, [`_dmarc.${d}`]: { TXT: "v=DMARC1; p=reject" } }),
  message: (d) => `ARC-Seal: i=1; a=rsa-sha256; cv=none; d=x.test; s=a; b=AAAA\n${plain(d)}`,
  expected: "inbox dmarc=pass arc=fail",
});
rows.push({
  name: "ARC: the key of the seal cannot be read",
  zone: (d) => ({ ...withPolicy(d, "p=none"), "arc._domainkey.dark.test": { servfail: true } }),
  message: (d) => sealed(plain(d), "dark.test", pass(d, "mx")),
  expected: "inbox dmarc=fail arc=temperror",
});

// Mailing lists.
const list = (name: string, expected: string, message: (d: string) => string, policy = "p=reject"): void => {
  rows.push({
    name: `list: ${name}`,
    zone: (d) => ({ ...withKey(withKey(withPolicy(d, policy), d), `lists-${d}`), [`lists-${d}`]: { TXT: spfPass } }),
    from: (d) => `bounce@lists-${d}`,
    message,
    expected,
  });
};
const listed = (d: string, id = `talk.lists-${d}`): string => plain(d, `List-Id: Talk <${id}>\n`);
list(
  "the author's signature still holds",
  "inbox spf=pass dkim=pass dmarc=pass",
  (d) => `List-Id: Talk <talk.lists-${d}>\n${signed(plain(d), { d })}`,
);
list("it is broken, the list has signed", "junk dkim=pass dmarc=fail", (d) => signed(listed(d), { d: `lists-${d}` }));
list(
  "it is broken, the list has signed, quarantine",
  "junk dkim=pass dmarc=fail",
  (d) => signed(listed(d), { d: `lists-${d}` }),
  "p=quarantine",
);
list(
  "it is broken, the list has signed, none",
  "inbox dkim=pass dmarc=fail",
  (d) => signed(listed(d), { d: `lists-${d}` }),
  "p=none",
);
list("a List-Id without a signature", "550", (d) => listed(d));
list("a List-Id of another domain than the signature's", "550", (d) =>
  signed(listed(d, "talk.elsewhere.test"), { d: `lists-${d}` }),
);
list("a signature of the list without a List-Id", "550", (d) => signed(plain(d), { d: `lists-${d}` }));
list("the list writes itself into From", "inbox dmarc=none", (d) =>
  signed(plain(`lists-${d}`, `List-Id: Talk <talk.lists-${d}>\nReply-To: a@${d}\n`), { d: `lists-${d}` }),
);

// Forwarders that change nothing but the path.
rows.push(
  {
    name: "forwarding: SPF breaks, the signature holds",
    zone: (d) => withKey(withPolicy(d, "p=reject"), d),
    message: (d) => signed(plain(d), { d }),
    expected: "inbox spf=fail dkim=pass dmarc=pass",
  },
  {
    name: "forwarding: SPF breaks, there was no signature",
    zone: (d) => withPolicy(d, "p=reject"),
    expected: "550",
  },
  {
    name: "forwarding: under a return path of the forwarder",
    zone: (d) => ({ ...withKey(withPolicy(d, "p=reject"), d), [`fwd-${d}`]: { TXT: spfPass } }),
    from: (d) => `SRS0=abcd=ef=${d}=a@fwd-${d}`,
    message: (d) => signed(plain(d), { d }),
    expected: "inbox spf=pass dkim=pass dmarc=pass",
  },
);
export const forwardedRows: readonly Row[] = rows;
