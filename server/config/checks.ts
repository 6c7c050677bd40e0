/** What a setting may hold beyond its type: each check answers what is wrong as the end of a sentence ("is no …"), or undefined. */
import ipaddr from "ipaddr.js";
import { parseDomain, parseMailbox } from "../../protocol/smtp/address.ts";
import { parseSocketAddress } from "../judge/scanners/socket.ts";
import { parseDnsServer } from "../net/dns.ts";

/** Of a text, of each item of a list, or of a number. */
export type Check<T extends string | number = string> = (value: T) => string | undefined;

/** "" is not checked: it says that there is none. */
function text(is: (value: string) => boolean, wrong: string): Check {
  return (value) => (value === "" || is(value) ? undefined : `"${value}" ${wrong}`);
}

export const oneOf = (...choices: readonly string[]): Check => {
  const wrong = `must be one of ${choices.join(", ")}`;
  return (value) => (choices.includes(value) ? undefined : `"${value}" is unknown: ${wrong}`);
};

export function isNetwork(value: string): boolean {
  return ipaddr.isValidCIDR(value) || ipaddr.isValid(value);
}
export const network = text(isNetwork, 'is no network: write "192.0.2.0/24", "2001:db8::/32" or one address');
export const domain = text(
  (value) => parseDomain(value) !== undefined && !value.startsWith("["),
  'is no domain name: write "example.org"',
);
export const mailAddress = text(
  (value) => parseMailbox(value) !== undefined,
  'is no mail address: write "anna@example.org"',
);
export const dnsServer = text(
  (value) => parseDnsServer(value) !== undefined,
  'is no DNS server: write "192.0.2.53", "192.0.2.53:53" or "[2001:db8::53]:53"',
);
export const socketAddress = text(
  (value) => parseSocketAddress(value) !== undefined,
  'is no address: write "unix:/run/clamav/clamd.ctl" or "tcp:127.0.0.1:3310"',
);

/** What Gmail takes for the sender in Feedback-ID. */
export const feedbackSender: Check = (value) =>
  /^[A-Za-z0-9-]{5,15}$/.test(value) ? undefined : `"${value}" must have 5 to 15 letters, digits and hyphens`;

/** A URL of one of these schemes. */
export const url = (...schemes: readonly string[]): Check =>
  text(
    (value) => URL.canParse(value) && schemes.includes(new URL(value).protocol.slice(0, -1)),
    `is no ${schemes.join(" or ")} address: write "${schemes[0]}://host.example.org"`,
  );

export const percent: Check<number> = (value) => (value <= 100 ? undefined : "must be at most 100");
export const atLeastOne: Check<number> = (value) => (value >= 1 ? undefined : "must be at least 1");
