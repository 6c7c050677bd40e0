/** Emails are written, kept and read where they hold up nobody: small ones on the spot, large ones in another thread. */
import type { WorkPool } from "../work/pool.ts";
import { boundariesOf, type Copy, type Email, writeEmail } from "./email.ts";
import { type Kept, keptEmail, readKept, type Whose, whoseOf } from "./kept.ts";

/** Texts and attachments together. */
const inlineBytes = 128 * 1024;

export type Writing = {
  /** The bytes of one message; `id` makes its boundaries. */
  readonly write: (email: Email, copy: Copy, at: number, id: string) => Buffer | Promise<Buffer>;
  readonly keep: (email: Email, whose: Whose) => Kept | Promise<Kept>;
  readonly read: (
    ...given: Parameters<typeof readKept>
  ) => ReturnType<typeof readKept> | Promise<ReturnType<typeof readKept>>;
};

export function makeWriting(pool: Pick<WorkPool, "run">): Writing {
  return {
    write: (email, copy, at, id) =>
      isLarge(email)
        ? pool.run("write-email", { email, copy, at, id }).then(asBuffer)
        : writeEmail(email, copy, at, boundariesOf(id)),
    keep: (email, whose) =>
      isLarge(email) ? pool.run("keep-email", { email, whose: whoseOf(whose) }) : keptEmail(email, whose),
    read: (bytes, mark) =>
      bytes.length > inlineBytes ? pool.run("read-kept-email", { bytes, mark }) : readKept(bytes, mark),
  };
}

const isLarge = ({ text = "", html = "", attachments }: Email): boolean =>
  attachments.reduce((sum, { bytes }) => sum + bytes.length, text.length + html.length) > inlineBytes;

const asBuffer = (bytes: Uint8Array): Buffer => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
