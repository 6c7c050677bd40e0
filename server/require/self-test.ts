/**
 * One-click self-test (RFC 8058): a letter of marketing is written and signed as all mail of the domain is, its fields are looked at, and its link is
 * followed as a mail scanner does (GET: nothing may happen) and as a receiver does (POST: the address must be off). The letter is sent to nobody.
 */
import { bodyHashes } from "../../protocol/dkim/hashes.ts";
import { parseSignature } from "../../protocol/dkim/signature.ts";
import { verifyDkim } from "../../protocol/dkim/verify.ts";
import { fieldValue, findField, type Header, splitHeader } from "../../protocol/mime/header.ts";
import type { DkimKey } from "../sign/dkim-keys.ts";
import type { Finding } from "./requirement.ts";

/** How an answer to our own link came about; `beside`: over this machine, the public name could not be reached for this reason. */
export type Followed =
  | { readonly kind: "answer"; readonly status: number; readonly beside?: string }
  | { readonly kind: "failed"; readonly why: string };

export type SelfTestPorts = {
  /** A letter of the domain's marketing to this address, as it would be sent. */
  readonly letter: (to: string) => Promise<Buffer>;
  readonly follow: (url: URL, method: "GET" | "POST") => Promise<Followed>;
  /** Whether the address is off the list or the stream. */
  readonly isOff: (to: string) => Promise<boolean>;
  /** Takes back what the test has done. */
  readonly undo: (to: string) => Promise<void>;
  readonly keys: readonly Pick<DkimKey, "selector" | "record">[];
  readonly domain: string;
  readonly now: () => number;
};

export type SelfTest = { readonly at: number; readonly unsubscribe: Finding; readonly format: Finding };

/** `to`: an address of the sandbox that nothing else uses. */
export async function selfTest(to: string, ports: SelfTestPorts): Promise<SelfTest> {
  const at = ports.now();
  const bytes = await ports.letter(to);
  const header = splitHeader(bytes, 0, bytes.length);
  const format = formatOf(header);
  try {
    return { at, format, unsubscribe: await unsubscribeOf(to, bytes, header, ports) };
  } finally {
    await ports.undo(to);
  }
}

const failed = (says: string, fix?: string): Finding => ({
  standing: "fail",
  says,
  ...(fix === undefined ? {} : { fix }),
});

/** RFC 5322 §3.6: at most one of each; a From, a Date and a Message-ID are there. */
function formatOf(header: Header): Finding {
  const count = (name: string): number => header.fields.filter((field) => field.name === name).length;
  for (const name of ["from", "date", "message-id"])
    if (count(name) !== 1) return failed(`A letter has ${count(name)} fields ${name}; it must be one.`);
  for (const name of ["sender", "reply-to", "to", "cc", "subject"])
    if (count(name) > 1) return failed(`A letter has ${count(name)} fields ${name}.`);
  return { standing: "pass", says: "A test letter has one From, Date and Message-ID, and no field twice." };
}

async function unsubscribeOf(to: string, bytes: Buffer, header: Header, ports: SelfTestPorts): Promise<Finding> {
  const link = /<(https:\/\/[^>\s]+)>/i.exec(textOf(header, "list-unsubscribe"))?.[1];
  if (link === undefined || !URL.canParse(link))
    return failed("A letter of marketing has no https link in List-Unsubscribe.", "Set publicUrl in [sending].");
  if (textOf(header, "list-unsubscribe-post").replaceAll(/\s/g, "") !== "List-Unsubscribe=One-Click")
    return failed("A letter of marketing lacks List-Unsubscribe-Post: List-Unsubscribe=One-Click.");
  const signed = await signedBy(bytes, header, ports);
  if (signed === undefined)
    return failed(
      "The fields of unsubscribing are not signed by DKIM.",
      `Mail is signed once DNS shows the key: angarium domain dkim ${ports.domain}`,
    );
  const url = new URL(link);
  const looked = await ports.follow(url, "GET");
  if (looked.kind === "failed")
    return failed(
      `The link ${url.origin} cannot be followed: ${looked.why}.`,
      "Set publicUrl in [sending] to where the world reaches our HTTPS listener.",
    );
  if (await ports.isOff(to)) return failed("Looking at the link (GET) unsubscribes already: scanners follow links.");
  const posted = await ports.follow(url, "POST");
  if (posted.kind === "failed") return failed(`The unsubscribe was not taken: ${posted.why}.`);
  if (posted.status >= 300)
    return failed(`The unsubscribe was answered with ${posted.status}; it must be 200 to 299, without redirects.`);
  if (!(await ports.isOff(to)))
    return failed("The unsubscribe was answered with success, and the address still gets mail.");
  const done = `A test letter was signed by ${signed}, its link answered GET without doing anything and POST with ${posted.status}, and the address was off the list.`;
  return posted.beside === undefined
    ? { standing: "pass", says: done }
    : {
        standing: "warn",
        says: `${done} But only on this machine: ${posted.beside}.`,
        fix: `Lead ${url.host} to our HTTPS listener, or set publicUrl in [sending].`,
      };
}

function textOf(header: Header, name: string): string {
  const field = findField(header, name);
  return field === undefined ? "" : fieldValue(header, field);
}

/** The selector of a signature of the domain that covers both fields and is right by our own key. */
async function signedBy(
  bytes: Buffer,
  header: Header,
  { keys, domain, now }: SelfTestPorts,
): Promise<string | undefined> {
  const covering = header.fields
    .filter(({ name }) => name === "dkim-signature")
    .map(({ start, end }) => parseSignature(header.text.slice(start, end)))
    .filter((one) => !("wrong" in one) && one.domain === domain)
    .filter((one) =>
      ["list-unsubscribe", "list-unsubscribe-post"].every((name) => "names" in one && one.names.includes(name)),
    );
  const results = await verifyDkim(header, {
    txt: async (name) => {
      const key = keys.find(({ selector }) => name === `${selector}._domainkey.${domain}`);
      return key === undefined
        ? { kind: "none", exists: false, secure: false, ttlSeconds: 0 }
        : { kind: "found", records: [key.record], secure: false, ttlSeconds: 0 };
    },
    hashes: (wanted) => bodyHashes(bytes.subarray(header.end), wanted),
    now: now(),
    authorDomain: domain,
  });
  return results.find(
    ({ result, selector }) =>
      result === "pass" && covering.some((one) => "selector" in one && one.selector === selector),
  )?.selector;
}
