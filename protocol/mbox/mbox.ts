/**
 * mbox files (RFC 4155, and the "mboxrd" quoting that loses nothing): a stream of bytes becomes messages, and messages become one. Marks and
 * times go through `Status`, `X-Status` and `X-Keywords`, as mail programs write them, or through one field of ours that is exact.
 */

export type MboxMessage = {
  /** With CRLF line ends, `From ` lines unquoted. */
  readonly bytes: Buffer;
  /** The time of the `From ` line, in milliseconds; undefined where it has none. */
  readonly receivedAt: number | undefined;
};

/** Of one message; a longer one is given out as `too-large`. */
export const defaultMaxMessageBytes = 256 * 1024 * 1024;

const newline = 10;
const from = Buffer.from("From ");

/** Takes chunks, gives messages. A message begins at a line `From …` that follows an empty line, or the beginning. */
export class MboxReader {
  readonly #max: number;
  #rest: Buffer = Buffer.alloc(0);
  #lines: Buffer[] = [];
  #size = 0;
  #at: number | undefined;
  #open = false;
  #tooLarge = false;
  #emptyBefore = true;

  constructor(maxMessageBytes = defaultMaxMessageBytes) {
    this.#max = maxMessageBytes;
  }

  *take(chunk: Uint8Array): Generator<MboxMessage | "too-large"> {
    const bytes = this.#rest.length === 0 ? Buffer.from(chunk) : Buffer.concat([this.#rest, chunk]);
    let start = 0;
    for (let end = bytes.indexOf(newline); end >= 0; end = bytes.indexOf(newline, start)) {
      yield* this.#line(bytes.subarray(start, end + 1));
      start = end + 1;
    }
    this.#rest = Buffer.from(bytes.subarray(start));
    // A line without end: what cannot become a message need not be kept.
    if (this.#rest.length > this.#max) {
      this.#tooLarge = true;
      this.#rest = Buffer.alloc(0);
    }
  }

  *end(): Generator<MboxMessage | "too-large"> {
    if (this.#rest.length > 0) yield* this.#line(this.#rest);
    this.#rest = Buffer.alloc(0);
    yield* this.#finish();
  }

  *#line(line: Buffer): Generator<MboxMessage | "too-large"> {
    if (this.#emptyBefore && line.length > 5 && line.subarray(0, 5).equals(from)) {
      yield* this.#finish();
      this.#open = true;
      this.#at = fromLineTime(line.toString("latin1"));
      this.#emptyBefore = false;
      return;
    }
    this.#emptyBefore = line.length === 1 || (line.length === 2 && line[0] === 13);
    if (!this.#open || this.#tooLarge) return;
    this.#size += line.length + 1;
    if (this.#size > this.#max) {
      this.#tooLarge = true;
      this.#lines = [];
      return;
    }
    // A copy: the chunk it is part of is not ours to keep.
    this.#lines.push(Buffer.from(unquoted(line)));
  }

  *#finish(): Generator<MboxMessage | "too-large"> {
    if (!this.#open) return;
    if (this.#tooLarge) yield "too-large";
    else {
      // The empty line before the next "From " belongs to the file.
      const last = this.#lines.at(-1);
      if (last !== undefined && /^\r?\n$/.test(last.toString("latin1"))) this.#lines.pop();
      yield { bytes: withCrlf(Buffer.concat(this.#lines)), receivedAt: this.#at };
    }
    this.#open = false;
    this.#tooLarge = false;
    this.#lines = [];
    this.#size = 0;
  }
}

/** ">From " was "From ", ">>From " was ">From ". */
function unquoted(line: Buffer): Buffer {
  if (line[0] !== 0x3e) return line;
  let at = 0;
  while (line[at] === 0x3e) at++;
  return line.subarray(at, at + 5).equals(from) ? line.subarray(1) : line;
}

/** Every LF without CR gets one; CRLF stays. */
export function withCrlf(bytes: Buffer): Buffer {
  let missing = 0;
  for (let at = bytes.indexOf(newline); at >= 0; at = bytes.indexOf(newline, at + 1))
    if (at === 0 || bytes[at - 1] !== 13) missing++;
  if (missing === 0) return bytes;
  const made = Buffer.allocUnsafe(bytes.length + missing);
  let to = 0;
  let start = 0;
  for (let at = bytes.indexOf(newline); at >= 0; at = bytes.indexOf(newline, at + 1)) {
    to += bytes.copy(made, to, start, at);
    if (at === 0 || bytes[at - 1] !== 13) made[to++] = 13;
    made[to++] = newline;
    start = at + 1;
  }
  bytes.copy(made, to, start);
  return made;
}

const months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
const days = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];

/** `From somebody Thu Jan  1 00:00:00 1970`, with a zone before or behind the year or none (UTC: RFC 4155). */
export function fromLineTime(line: string): number | undefined {
  const found =
    /\b([A-Z][a-z]{2})\s+(\d{1,2})\s+(\d{1,2}):(\d\d)(?::(\d\d))?(?:\s+([A-Z]{3,4}|[+-]\d{4}))?\s+(\d{4})(?:\s+([+-]\d{4}))?\s*$/.exec(
      line,
    );
  const month = months.indexOf(found?.[1] ?? "");
  if (found === null || month < 0) return undefined;
  const at = Date.UTC(
    Number(found[7]),
    month,
    Number(found[2]),
    Number(found[3]),
    Number(found[4]),
    Number(found[5] ?? 0),
  );
  const zone = /^([+-])(\d\d)(\d\d)$/.exec(found[8] ?? found[6] ?? "");
  const offset = zone === null ? 0 : (Number(zone[2]) * 60 + Number(zone[3])) * (zone[1] === "-" ? -1 : 1);
  return at - offset * 60_000;
}

/** RFC 4155: the time in UTC, in the form of asctime. */
function fromLine(sender: string, at: number): string {
  const time = new Date(at);
  const two = (n: number): string => String(n).padStart(2, "0");
  const clock = `${two(time.getUTCHours())}:${two(time.getUTCMinutes())}:${two(time.getUTCSeconds())}`;
  const day = String(time.getUTCDate()).padStart(2, " ");
  const date = `${days[time.getUTCDay()]} ${months[time.getUTCMonth()]} ${day} ${clock} ${time.getUTCFullYear()}`;
  return `From ${/^[!-~]+$/.test(sender) ? sender : "MAILER-DAEMON"} ${date}\n`;
}

/** One message as it stands in a file, with the empty line behind it. `head`: fields to put in front, each with its CRLF. */
export function mboxMessage(bytes: Buffer, sender: string, receivedAt: number, head: string): Buffer {
  const text = Buffer.concat([Buffer.from(head, "utf8"), bytes]).toString("latin1");
  const lines = text.replace(/\r\n/g, "\n").replace(/^(>*From )/gm, ">$1");
  const end = lines.endsWith("\n") ? "\n" : "\n\n";
  return Buffer.concat([Buffer.from(fromLine(sender, receivedAt)), Buffer.from(lines + end, "latin1")]);
}
