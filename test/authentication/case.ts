/** One row of the table: DNS, a letter, and what is to become of it. */
import { formatDate } from "../../protocol/mime/fields/date.ts";
import { rsaKey, type Sign, signed } from "./signer.ts";

export type Zone = { readonly [name: string]: { readonly [type: string]: unknown } };

export type Row = {
  readonly name: string;
  /** `d` is a domain of this row alone. */
  readonly zone: (d: string) => Zone;
  /** MAIL FROM without its brackets; default `a@d`. */
  readonly from?: (d: string) => string;
  readonly helo?: (d: string) => string;
  /** The peer's address: 127.0.0.1 where nothing is said. */
  readonly peer?: string;
  /** The message, LF line ends; default a plain one from `a@d`. */
  readonly message?: (d: string) => string;
  /** Where it goes, then what Authentication-Results hold ("!" before what they do not): "inbox spf=pass !dkim=pass", "550". */
  readonly expected: string;
  /** In the reply of one that is refused. */
  readonly reply?: RegExp;
};

/** What lies far from the time it comes at is suspect for that. */
export const date = formatDate(Date.now());

export const plain = (d: string, more = ""): string =>
  `From: Ann <a@${d}>\n${more}Subject: Hello\nDate: ${date}\nTo: u1@example.test\n\nHello there.\n`;

/** SPF that names the test's own address. */
export const spfPass = "v=spf1 ip4:127.0.0.1 -all";
export const spfFail = "v=spf1 ip4:192.0.2.1 -all";

export const withPolicy = (d: string, policy: string, spf = spfFail): Zone => ({
  [d]: { TXT: spf },
  [`_dmarc.${d}`]: { TXT: `v=DMARC1; ${policy}` },
});

export const withKey = (zone: Zone, d: string, record = rsaKey.record, s = "s1"): Zone => ({
  ...zone,
  [`${s}._domainkey.${d}`]: { TXT: record },
});

/** A row whose domain rejects forgeries and whose only hope is its signature. */
export const byDkim = (
  name: string,
  expected: string,
  how: Partial<Sign> = {},
  change: {
    readonly record?: string;
    readonly after?: (text: string) => string;
    readonly zone?: (d: string) => Zone;
  } = {},
): Row => ({
  name,
  expected,
  zone: (d) => ({ ...withKey(withPolicy(d, "p=reject"), d, change.record ?? how.key?.record), ...change.zone?.(d) }),
  message: (d) => {
    const tags = how.tags && Object.fromEntries(Object.entries(how.tags).map(([k, v]) => [k, v?.replaceAll("%d", d)]));
    const text = signed(plain(d), { d, ...how, ...(tags === undefined ? {} : { tags }) });
    return change.after?.(text) ?? text;
  },
});
