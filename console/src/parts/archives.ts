/** Files that are sent to be brought in: in pieces that go on where they broke off, and how far each is, in words. */
import { bytes, count } from "../say.ts";

export type Archive = {
  readonly id: string;
  /** null: an export, which says itself what it is. */
  readonly account: string | null;
  readonly name: string;
  readonly folder: string | null;
  readonly sizeBytes: number;
  readonly receivedBytes: number;
  readonly state: "receiving" | "received" | "running" | "done" | "failed";
  readonly problem: string;
  readonly accounts: number;
  readonly of: number;
  readonly created: number;
  readonly domains: readonly string[];
  readonly added: number;
  readonly known: number;
  readonly left: readonly string[];
};

const some = (n: number, one: string, many: string): string => (n === 1 ? `one ${one}` : `${count(n)} ${many}`);
const sentence = (text: string): string => `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;

/** How far it is, and what came of it. `sending`: this page sends it just now. */
export function howFar(one: Archive, sending: boolean): string {
  switch (one.state) {
    case "receiving":
      return `${bytes(one.receivedBytes)} of ${bytes(one.sizeBytes)} have been sent${sending ? "." : ": it stopped there. Choose the same file again to go on."}`;
    case "received":
      return "All of it has been sent. Bring it in now.";
    case "running":
      if (one.of > 0)
        return `${count(one.accounts)} of ${some(one.of, "account", "accounts")} so far, ${some(one.added, "message", "messages")}.`;
      return one.added + one.known > 0
        ? `${some(one.added + one.known, "message", "messages")} so far.`
        : "It is being unpacked and read.";
    case "failed":
      return `${one.problem} Begin it again when that is mended: what has come does not come twice.`;
    case "done":
      return done(one);
    default:
      return one.state satisfies never;
  }
}

function done({ account, accounts, created, domains, added, known }: Archive): string {
  const mail =
    added + known === 0
      ? "No mail was in it."
      : added === 0 && known > 0
        ? sentence(`${some(known, "message was", "messages were")} here already, and no other came`)
        : `${sentence(`${some(added, "message", "messages")} came`)}${known > 0 ? ` ${sentence(`${some(known, "message was", "messages were")} here already`)}` : ""}`;
  if (account !== null) return mail;
  const people =
    created === 0
      ? `${some(accounts, "account was", "accounts were")} here already`
      : `${some(created, "account was", "accounts were")} made${accounts > created ? `, ${count(accounts - created)} ${accounts - created === 1 ? "was" : "were"} here already` : ""}`;
  return `${domains.length === 0 ? "" : `${sentence(`what belongs to ${domains.slice(0, 5).join(", ")}${domains.length > 5 ? " and others" : ""} is here`)} `}${sentence(people)} ${mail}`;
}

const largestPiece = 8 * 1024 * 1024;
const smallestPiece = 256 * 1024;
const tries = 5;

export type Pieces = {
  /** Sends a piece that begins at `from`; answers how much is there now. Rejects where it did not come through. */
  readonly put: (from: number, piece: Blob) => Promise<number>;
  /** How much is there. */
  readonly there: () => Promise<number>;
  readonly tell: (there: number) => void;
  readonly stopped: () => boolean;
  readonly wait: (ms: number) => Promise<void>;
};

/** Sends all of it, or what is missing: smaller pieces, and after a pause, where one does not come through. Rejects with what went wrong in the end. */
export async function sendPieces(
  file: Blob,
  { put, there, tell, stopped, wait }: Pieces,
): Promise<"whole" | "stopped"> {
  let at = await there();
  let size = largestPiece;
  let failed = 0;
  while (at < file.size) {
    tell(at);
    if (stopped()) return "stopped";
    try {
      at = await put(at, file.slice(at, at + size));
      failed = 0;
      size = Math.min(size * 2, largestPiece);
    } catch (error) {
      if (++failed >= tries) throw error;
      await wait(500 * 2 ** failed);
      size = Math.max(Math.floor(size / 4), smallestPiece);
      // Where even this question fails, it is the next piece that tells.
      at = await there().catch(() => at);
    }
  }
  tell(at);
  return "whole";
}
