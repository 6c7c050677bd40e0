/** Transparency (RFC 5321 §4.5.2): a whole message as it goes after DATA. */

const dot = Buffer.from(".");
const crlf = Buffer.from("\r\n");
const end = Buffer.from(".\r\n");
const crlfEnd = Buffer.from("\r\n.\r\n");

/**
 * The message as pieces to write after 354: lines that begin with a dot have it doubled, a line feed without its
 * carriage return gets one (RFC 5321 §2.3.8: never sent bare, lest a dot line be smuggled past us), and the
 * terminating `.` line is at the end. Nothing to change means two pieces, the first being the message itself, not a copy.
 */
export function dotStuffed(message: Buffer): Buffer[] {
  const pieces: Buffer[] = [];
  let start = 0;
  if (message[0] === 46) pieces.push(dot);
  for (let feed = message.indexOf(10); feed >= 0; feed = message.indexOf(10, feed + 1)) {
    if (feed === 0 || message[feed - 1] !== 13) {
      pieces.push(message.subarray(start, feed), crlf);
      start = feed + 1;
    }
    if (message[feed + 1] === 46) {
      if (feed + 1 > start) pieces.push(message.subarray(start, feed + 1));
      pieces.push(dot);
      start = feed + 1;
    }
  }
  if (start < message.length) pieces.push(start === 0 ? message : message.subarray(start));
  const length = message.length;
  pieces.push(length === 0 || message[length - 1] === 10 ? end : crlfEnd);
  // A message of dot lines would be thousands of views: one copy is cheaper.
  return pieces.length > maxPieces ? [Buffer.concat(pieces)] : pieces;
}

const maxPieces = 16;
