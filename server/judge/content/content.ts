/** A message as the filter sees it: plain facts, worked out once, that features and rules are made from. */
import type { HtmlFacts } from "./html.ts";
import type { Link } from "./links.ts";
import type { Writing } from "./words.ts";

/** What was known before the message came: who handed it over and what was found out about that. */
export type Envelope = {
  readonly ip: string;
  readonly helo: string;
  /** Verified reverse name; "" where there is none, undefined where it was not looked up. */
  readonly rdns: string | undefined;
  /** "" is the null reverse-path. */
  readonly mailFrom: string;
  readonly rcpt: string;
  readonly auth: Authentication | undefined;
  /** When it came, milliseconds since 1970; undefined: as the first Received field of a delivered message says. */
  readonly at?: number;
};

/** Results in the words of RFC 8601: "pass", "fail", "none"… */
export type Authentication = {
  readonly spf?: string | undefined;
  readonly dkim?: string | undefined;
  readonly dmarc?: string | undefined;
  /** The organisational domain that DMARC found aligned. */
  readonly aligned?: string | undefined;
};

export type Person = { readonly name: string; readonly local: string; readonly domain: string };

export type ContentField = {
  /** Lower case. */
  readonly name: string;
  /** As written. */
  readonly rawName: string;
  /** Unfolded, not decoded, bounded. */
  readonly value: string;
};

export type ContentPart = {
  /** "text/html" */
  readonly type: string;
  readonly charset: string;
  readonly encoding: string;
  readonly attached: boolean;
  /** Lower case, as far as the part has one. */
  readonly fileName: string;
  readonly bytes: number;
};

export type Hop = {
  readonly from: string;
  readonly ip: string;
  readonly by: string;
  readonly with: string;
};

export type Content = {
  readonly sizeBytes: number;
  readonly envelope: Envelope;
  /** The sender's fields: what the receiving side writes (trace, results of filters) is left out. */
  readonly fields: readonly ContentField[];
  readonly from: Person | undefined;
  readonly fromCount: number;
  readonly replyTo: Person | undefined;
  readonly sender: Person | undefined;
  readonly to: readonly Person[];
  readonly toText: string;
  readonly subject: string;
  readonly messageId: string | undefined;
  /** Milliseconds since 1970; undefined where Date is missing or none. */
  readonly date: number | undefined;
  readonly dateText: string;
  /** When it was handed over, where known. */
  readonly arrived: number | undefined;
  /** Received fields of the sending side, the newest first. */
  readonly hops: readonly Hop[];
  /** Domains that signed, as the signatures say (whether they verify is in `envelope.auth`). */
  readonly signers: readonly string[];
  readonly parts: readonly ContentPart[];
  /** "mixed(alternative(plain,html),pdf)" */
  readonly structure: string;
  readonly plain: string;
  readonly html: HtmlFacts | undefined;
  readonly htmlChars: number;
  readonly links: readonly Link[];
  readonly subjectWriting: Writing;
  readonly plainWriting: Writing;
  readonly htmlWriting: Writing;
  readonly hiddenWriting: Writing;
  readonly nameWriting: Writing;
};
