/** What a transferable public key says it is (RFC 9580 §4.2, §10.1): enough to refuse what is none. Nothing is verified. Pure. */

export type PublicKeyFacts = {
  /** Its user IDs, as they stand. */
  readonly userIds: readonly string[];
};

const tag = { signature: 2, publicKey: 6, publicSubkey: 14, userId: 13, userAttribute: 17, padding: 21 } as const;
const known: ReadonlySet<number> = new Set(Object.values(tag));
/** Packets of one key: signatures of strangers have been used to make keys that nobody can load. */
export const maxPackets = 1_000;

/** Undefined where it is not exactly one public key in binary: armored, cut off, several, or with anything secret in it. */
export function publicKeyFacts(bytes: Uint8Array): PublicKeyFacts | undefined {
  const userIds: string[] = [];
  let packets = 0;
  for (let at = 0; at < bytes.length; ) {
    const packet = packetAt(bytes, at);
    if (packet === undefined || !known.has(packet.tag) || ++packets > maxPackets) return undefined;
    if ((packet.tag === tag.publicKey) !== (packets === 1)) return undefined;
    if (packet.tag === tag.userId) userIds.push(new TextDecoder().decode(bytes.subarray(packet.from, packet.to)));
    at = packet.to;
  }
  return packets < 2 || userIds.length === 0 ? undefined : { userIds };
}

/** The address of a user ID: "Ann <ann@x.test>", or it alone. */
export const addressOfUserId = (userId: string): string | undefined =>
  userId.length > maxUserIdChars
    ? undefined
    : (/<([^<>\s]+@[^<>\s]+)>\s*$/.exec(userId) ?? /^\s*([^<>\s]+@[^<>\s]+)\s*$/.exec(userId))?.[1];

const maxUserIdChars = 1000;

/** RFC 9580 §4.2.1, §4.2.2. Lengths that are not told (partial, indeterminate) are not for keys. */
function packetAt(
  bytes: Uint8Array,
  start: number,
): { readonly tag: number; readonly from: number; readonly to: number } | undefined {
  const first = bytes[start] ?? 0;
  if ((first & 0x80) === 0) return undefined;
  const read = (at: number, count: number): number | undefined => {
    if (at + count > bytes.length) return undefined;
    let value = 0;
    for (let i = 0; i < count; i++) value = value * 256 + (bytes[at + i] ?? 0);
    return value;
  };
  let kind: number;
  let length: number | undefined;
  let from: number;
  if ((first & 0x40) === 0) {
    kind = (first >> 2) & 15;
    const size = [1, 2, 4][first & 3];
    if (size === undefined) return undefined;
    length = read(start + 1, size);
    from = start + 1 + size;
  } else {
    kind = first & 63;
    const one = bytes[start + 1] ?? 255;
    if (one < 192) [length, from] = [read(start + 1, 1), start + 2];
    else if (one < 224) {
      const two = read(start + 2, 1);
      [length, from] = [two === undefined ? undefined : (one - 192) * 256 + two + 192, start + 3];
    } else if (one === 255) [length, from] = [read(start + 2, 4), start + 6];
    else return undefined;
  }
  if (length === undefined || from + length > bytes.length) return undefined;
  return { tag: kind, from, to: from + length };
}
