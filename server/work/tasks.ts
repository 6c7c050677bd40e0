/**
 * The table of tasks that the worker threads know. Each is pure (what it needs comes with the message) and loads its code when
 * first asked. A task's result is moved, not copied, where it owns its memory.
 */

import type { BodyHash, WantedHash } from "../../protocol/dkim/hashes.ts";
import type { EmailMeta, EmailWant } from "../../protocol/jmap/email.ts";
import type { Draft, DraftDefaults } from "../../protocol/jmap/email-create.ts";
import type { Snippet, Wanted } from "../../protocol/jmap/snippet.ts";
import type { JsonObject } from "../../protocol/jmap/types.ts";
import type { MessageFacts } from "../../protocol/mime/facts.ts";
import type { OpenPost } from "../distribute/open-posts.ts";
import type { Segment, SegmentTask } from "../extract/segment.ts";
import type { Copy, Email } from "../inject/email.ts";
import type { Kept, Whose } from "../inject/kept.ts";
import type { AttachmentReport } from "../judge/attachments/scan-message.ts";
import type { Asked, Reading } from "../judge/content/filter.ts";
import type { ReadDmarc } from "../report/read-dmarc.ts";
import type { ReadTls, ReadTlsTask } from "../report/read-tls.ts";
import type { ArcSealTask } from "../sign/arc-seal.ts";
import type { DkimSignTask } from "../sign/dkim-signature.ts";
import type { InSevenBits, SevenBitTask } from "../sign/in-seven-bits.ts";
import { sharedCopy } from "../store/shared-memory.ts";

/** Arguments and result of each task. */
export type TaskTypes = {
  /** A message read for the spam filter. */
  readonly "spam-read": {
    readonly args: { readonly bytes: Uint8Array; readonly reading: Reading };
    readonly result: Asked;
  };
  /** What is worked out about a message when it arrives. */
  readonly facts: { readonly args: { readonly bytes: Uint8Array }; readonly result: MessageFacts };
  /** What is dangerous among a message's attachments. */
  readonly attachments: { readonly args: { readonly bytes: Uint8Array }; readonly result: AttachmentReport };
  /** Hashes of the body of a message, for those who verify its signatures. */
  readonly "body-hashes": {
    readonly args: { readonly bytes: Uint8Array; readonly bodyStart: number; readonly wanted: readonly WantedHash[] };
    readonly result: readonly BodyHash[];
  };
  /** DKIM-Signature header lines for a message, each ended with CRLF. */
  readonly "dkim-sign": { readonly args: DkimSignTask; readonly result: string };
  /** The fields of an ARC set for a message, each ended with CRLF. */
  readonly "arc-seal": { readonly args: ArcSealTask; readonly result: string };
  /** A message in seven bits, signed anew; undefined where that cannot be had without harm. */
  readonly "seven-bit": { readonly args: SevenBitTask; readonly result: InSevenBits | undefined };
  /** A message without lines that are too long for SMTP; undefined as before. */
  readonly "short-lines": { readonly args: { readonly bytes: Uint8Array }; readonly result: Uint8Array | undefined };
  /** The DMARC reports in a mail. */
  readonly "read-dmarc": { readonly args: { readonly bytes: Uint8Array }; readonly result: ReadDmarc };
  /** The TLS reports in a mail, or in what came over HTTPS. */
  readonly "read-tls": { readonly args: ReadTlsTask; readonly result: ReadTls };
  /** Messages, one after the other in `bytes`, as JMAP Email objects. */
  readonly "jmap-render": {
    readonly args: {
      readonly bytes: Uint8Array;
      readonly lengths: readonly number[];
      readonly metas: readonly EmailMeta[];
      readonly want: EmailWant;
      readonly maxChars: number;
    };
    /** Undefined: they come to more than `maxChars` when they are written. */
    readonly result: readonly JsonObject[] | undefined;
  };
  /** A part of a message, decoded. */
  readonly "jmap-part": {
    readonly args: { readonly bytes: Uint8Array; readonly path: readonly number[] };
    readonly result:
      | { readonly bytes: Uint8Array; readonly type: string; readonly name: string | undefined }
      | undefined;
  };
  /** Where a message holds what was searched for. */
  readonly "jmap-snippet": {
    readonly args: { readonly bytes: Uint8Array; readonly wanted: Wanted };
    readonly result: Snippet;
  };
  /** A message made of a JMAP Email object. */
  readonly "jmap-compose": {
    readonly args: { readonly draft: Draft; readonly defaults: DraftDefaults };
    readonly result: Uint8Array;
  };
  /** A message of a large email; its bytes are shared. */
  readonly "write-email": {
    readonly args: { readonly email: Email; readonly copy: Copy; readonly at: number; readonly id: string };
    readonly result: Uint8Array;
  };
  /** A large email as it is kept for its copies. */
  readonly "keep-email": { readonly args: { readonly email: Email; readonly whose: Whose }; readonly result: Kept };
  /** The email that was kept so, where it has this mark; its attachments are shared. */
  readonly "read-kept-email": {
    readonly args: { readonly bytes: Uint8Array; readonly mark: string };
    readonly result: { readonly email: Email; readonly whose: Whose } | undefined;
  };
  /** A post of an archive as text. */
  readonly "read-post": { readonly args: { readonly bytes: Uint8Array }; readonly result: OpenPost };
  /** The words of some messages and their attachments, turned round. */
  readonly segment: { readonly args: SegmentTask; readonly result: Segment };
};

export type TaskName = keyof TaskTypes;
export type TaskTable = { readonly [name: string]: (args: never) => unknown };

export const tasks: { readonly [N in TaskName]: (args: TaskTypes[N]["args"]) => Promise<TaskTypes[N]["result"]> } = {
  "spam-read": async ({ bytes, reading }) => {
    const { readMessage } = await import("../judge/content/filter.ts");
    return readMessage(bytes, reading);
  },
  facts: async ({ bytes }) => {
    const { factsOf } = await import("../../protocol/mime/facts-of.ts");
    return factsOf(bytes);
  },
  attachments: async ({ bytes }) => {
    const { scanMessage } = await import("../judge/attachments/scan-message.ts");
    return scanMessage(bytes);
  },
  "body-hashes": async ({ bytes, bodyStart, wanted }) => {
    const { bodyHashes } = await import("../../protocol/dkim/hashes.ts");
    const { bytesOf } = await import("../../protocol/mime/header.ts");
    return bodyHashes(bytesOf(bytes).subarray(bodyStart), wanted);
  },
  "dkim-sign": async (task) => {
    const { dkimSignature } = await import("../sign/dkim-signature.ts");
    return dkimSignature(task);
  },
  "arc-seal": async (task) => {
    const { arcSeal } = await import("../sign/arc-seal.ts");
    return arcSeal(task);
  },
  "seven-bit": async (task) => {
    const { inSevenBits } = await import("../sign/in-seven-bits.ts");
    const made = await inSevenBits(task);
    return made && { ...made, bytes: sharedCopy(made.bytes) };
  },
  "short-lines": async ({ bytes }) => {
    const { toShortLines } = await import("../../protocol/mime/seven-bit.ts");
    const made = toShortLines(bytes);
    return made && sharedCopy(made);
  },
  "read-dmarc": async ({ bytes }) => {
    const { readDmarc } = await import("../report/read-dmarc.ts");
    return readDmarc(bytes);
  },
  "read-tls": async (task) => {
    const { readTls } = await import("../report/read-tls.ts");
    return readTls(task);
  },
  "jmap-render": async ({ bytes, lengths, metas, want, maxChars }) => {
    const { renderEmail } = await import("../../protocol/jmap/email.ts");
    const { writtenChars } = await import("../../protocol/jmap/written.ts");
    const list: JsonObject[] = [];
    let at = 0;
    let chars = 0;
    for (const [i, length] of lengths.entries()) {
      const object = renderEmail(bytes.subarray(at, (at += length)), metas[i] as EmailMeta, want);
      list.push(object);
      if ((chars += writtenChars(object, maxChars - chars)) > maxChars) return undefined;
    }
    return list;
  },
  "jmap-part": async ({ bytes, path }) => {
    const { partAt } = await import("../../protocol/jmap/email-body.ts");
    return partAt(bytes, path);
  },
  "jmap-snippet": async ({ bytes, wanted }) => {
    const { snippetOf } = await import("../../protocol/jmap/snippet.ts");
    return snippetOf(bytes, wanted);
  },
  "jmap-compose": async ({ draft, defaults }) => {
    const { writeDraft } = await import("../../protocol/jmap/email-create.ts");
    return writeDraft(draft, defaults);
  },
  "write-email": async ({ email, copy, at, id }) => {
    const { boundariesOf, writeEmail } = await import("../inject/email.ts");
    return sharedCopy(writeEmail(email, copy, at, boundariesOf(id)));
  },
  "keep-email": async ({ email, whose }) => {
    const { keptEmail } = await import("../inject/kept.ts");
    const { bytes, digest } = keptEmail(email, whose);
    return { bytes: sharedCopy(bytes), digest };
  },
  "read-kept-email": async ({ bytes, mark }) => {
    const { readKept } = await import("../inject/kept.ts");
    const found = readKept(bytes, mark);
    if (found === undefined) return undefined;
    const attachments = found.email.attachments.map((one) => ({ ...one, bytes: sharedCopy(one.bytes) }));
    return { ...found, email: { ...found.email, attachments } };
  },
  "read-post": async ({ bytes }) => {
    const { readPost } = await import("../distribute/read-post.ts");
    return readPost(bytes);
  },
  segment: async (task) => {
    const { segmentOf } = await import("../extract/segment.ts");
    return segmentOf(task);
  },
};
