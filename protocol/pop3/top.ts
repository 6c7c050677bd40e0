/** RFC 1939 §7 TOP: the header section, the empty line, and so many lines of the body. */

/** A view of the message up to there. */
export function topOf(message: Buffer, lines: number): Buffer {
  if (message[0] === 13 && message[1] === 10) return bodyLines(message, 2, lines);
  const empty = message.indexOf("\r\n\r\n", 0, "latin1");
  return empty < 0 ? message : bodyLines(message, empty + 4, lines);
}

function bodyLines(message: Buffer, start: number, lines: number): Buffer {
  let end = start;
  for (let line = 0; line < lines; line++) {
    const feed = message.indexOf(10, end);
    if (feed < 0) return message;
    end = feed + 1;
  }
  return message.subarray(0, end);
}
