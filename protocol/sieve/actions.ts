/** What a run wants done, and what it was told about the world. A run performs nothing. */
import type { Buffer } from "node:buffer";
import type { Mistake } from "./mistake.ts";

/** Where a message goes. Of several names the first that there is counts: id (RFC 9042), special use (RFC 8579), path. */
export type FileTarget = {
  readonly mailbox: string;
  readonly create: boolean;
  readonly mailboxId: string | undefined;
  /** With its backslash: "\\Archive". */
  readonly specialUse: string | undefined;
};

/** What RFC 8580 :fcc says. */
export type Fcc = FileTarget & { readonly flags: readonly string[] };

export type VacationAction = {
  readonly kind: "vacation";
  readonly seconds: number;
  readonly subject: string | undefined;
  readonly from: string | undefined;
  readonly addresses: readonly string[];
  readonly reason: string;
  /** The reason is a MIME entity with its header. */
  readonly mime: boolean;
  /** What makes two answers the same one. */
  readonly handle: string;
  readonly fcc: Fcc | undefined;
};

export type NotifyAction = {
  readonly kind: "notify";
  /** Addresses of the mailto URI, and the fields and body it gives. */
  readonly to: readonly string[];
  readonly fields: readonly { readonly name: string; readonly value: string }[];
  readonly body: string | undefined;
  readonly message: string | undefined;
  readonly from: string | undefined;
  readonly importance: "1" | "2" | "3";
  readonly fcc: Fcc | undefined;
};

/** Conditions of NOTIFY, RFC 3461 §4.1; "NEVER" stands alone. */
export const dsnConditions = ["NEVER", "SUCCESS", "FAILURE", "DELAY"] as const;
export type DsnCondition = (typeof dsnConditions)[number];
/** Parts of the envelope by RFC 6009 §2, and what the sender said; nothing where it said nothing. */
export type EnvelopeDsn = { readonly [part in "notify" | "orcpt" | "ret" | "envid"]?: readonly string[] };

/** `message`: the bytes as the script had changed them by then; undefined where it had not. */
export type Action =
  | { readonly kind: "keep"; readonly flags: readonly string[] | undefined; readonly message: Buffer | undefined }
  | {
      readonly kind: "fileinto";
      readonly target: FileTarget;
      readonly flags: readonly string[] | undefined;
      readonly message: Buffer | undefined;
    }
  | {
      readonly kind: "redirect";
      readonly address: string;
      readonly message: Buffer | undefined;
      /** RFC 6009 §3: what is asked about delivery reports. */
      readonly notify: readonly DsnCondition[] | undefined;
      readonly ret: "full" | "hdrs" | undefined;
    }
  | { readonly kind: "reject"; readonly reason: string; readonly extended: boolean }
  | VacationAction
  | NotifyAction;

export type Outcome = {
  readonly actions: readonly Action[];
  /** The message stays in its default place: the implicit keep, or the explicit one. */
  readonly keeps: boolean;
  /** Flags of that, or undefined where the script said none. */
  readonly keepFlags: readonly string[] | undefined;
  readonly keepMessage: Buffer | undefined;
  /** To be remembered once the actions are done: RFC 7352. */
  readonly duplicates: readonly { readonly key: string; readonly seconds: number }[];
  /** Scripts that were stopped, and why. */
  readonly failures: readonly Failure[];
};

export type Failure = { readonly script: string; readonly mistake: Mistake };

/** The world as one delivery sees it. What asks may throw: then the run ends with that. */
export type Surroundings = {
  /** "" is the null reverse-path; undefined: there is no envelope (RFC 6785). */
  readonly envelopeFrom: string | undefined;
  readonly envelopeTo: string | undefined;
  readonly envelopeDsn: EnvelopeDsn;
  /** What parts user and detail; "" where there is no detail. */
  readonly separator: string;
  /** RFC 5183 items by name. */
  readonly environment: { readonly [item: string]: string | undefined };
  /** Now, milliseconds since 1970. */
  readonly now: number;
  /** Minutes east of UTC of the place that the script lives in, at an instant. */
  readonly zoneMinutes: (at: number) => number;
  /** Percent of certainty that it is spam; undefined: not tested. */
  readonly spamPercent: number | undefined;
  /** RFC 5235 §2.4 1…5; undefined: not tested. */
  readonly virus: number | undefined;
  /** Flags the message has already (RFC 6785). */
  readonly flags: readonly string[];
  readonly mailboxExists: (path: string) => boolean;
  readonly mailboxIdExists: (id: string) => boolean;
  /** Whether the mailbox (any, where undefined) has this special use. */
  readonly specialUseExists: (mailbox: string | undefined, use: string) => boolean;
  /** RFC 5490 annotation of a mailbox, or of the server where it is undefined. */
  readonly metadata: (mailbox: string | undefined, entry: string) => string | undefined;
  readonly isDuplicate: (key: string) => boolean;
};
