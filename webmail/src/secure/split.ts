/** The bytes of a multipart's parts as they came: what a signature is about (RFC 1847 §2.1, RFC 2046 §5.1.1). Pure. */

export type Part = {
  /** Field names in small letters; unfolded. */
  readonly fields: ReadonlyMap<string, string>;
  /** Fields and body, without the line break before the next boundary. */
  readonly whole: Uint8Array;
  readonly body: Uint8Array;
};

const latin1 = new TextDecoder("latin1");
const bytesOf = (text: string): Uint8Array => Uint8Array.from(text, (char) => char.charCodeAt(0));

function fieldsOf(text: string): Part["fields"] {
  const fields = new Map<string, string>();
  for (const line of text.replace(/\r?\n[ \t]+/g, " ").split(/\r?\n/)) {
    const colon = line.indexOf(":");
    const name = line.slice(0, colon).trim().toLowerCase();
    if (colon > 0 && !fields.has(name)) fields.set(name, line.slice(colon + 1).trim());
  }
  return fields;
}

/** Fields and body of an entity. */
export function entityOf(bytes: Uint8Array): Part {
  const text = latin1.decode(bytes);
  const end = /\r?\n\r?\n/.exec(text);
  const head = end === null ? text : text.slice(0, end.index);
  const body = end === null ? "" : text.slice(end.index + end[0].length);
  return { fields: fieldsOf(head), whole: bytes, body: bytesOf(body) };
}

/** Undefined where it is no multipart, or not closed. */
export function partsOf(message: Uint8Array): readonly Part[] | undefined {
  const { fields, body } = entityOf(message);
  const found = /;\s*boundary\s*=\s*(?:"([^"]{1,70})"|([^;\s]{1,70}))/i.exec(fields.get("content-type") ?? "");
  const boundary = found?.[1] ?? found?.[2];
  if (boundary === undefined) return undefined;
  const text = latin1.decode(body);
  const line = new RegExp(
    `(?:^|\\r?\\n)--${boundary.replace(/[.*+?^$${"{}"}()|[\]\\]/g, "\\$&")}(--)?[ \\t]*(?=\\r?\\n|$)`,
    "g",
  );
  const parts: Part[] = [];
  let begun: number | undefined;
  for (const match of text.matchAll(line)) {
    if (begun !== undefined) parts.push(entityOf(bytesOf(text.slice(begun, match.index))));
    if (match[1] !== undefined) return parts;
    const after = match.index + match[0].length;
    begun = after + (text[after] === "\r" ? 2 : 1);
  }
  return undefined;
}

/** RFC 3156 §5: signatures are about lines that end with CRLF. */
export const withCrlf = (bytes: Uint8Array): Uint8Array => bytesOf(latin1.decode(bytes).replace(/\r\n|\r|\n/g, "\r\n"));

/** The body of a part as it was before its transfer encoding: base64, or as it stands. */
export function decoded({ fields, body }: Part): Uint8Array {
  if ((fields.get("content-transfer-encoding") ?? "").toLowerCase() !== "base64") return body;
  try {
    return bytesOf(atob(latin1.decode(body).replace(/[^A-Za-z\d+/=]/g, "")));
  } catch {
    return new Uint8Array();
  }
}
