/** What bytes are, by how they begin; what a server says of them does not count. */

/** Kinds that hold points and nothing that runs: SVG is not among them. */
export type PictureType = "image/png" | "image/gif" | "image/jpeg" | "image/webp" | "image/avif" | "image/bmp";

/** More points than this are not handed to a browser: a few kilobytes can say that they are gigabytes. */
export const maxPoints = 64_000_000;

/** Undefined for all that is no picture, or too large a one. */
export function pictureType(bytes: Buffer): PictureType | undefined {
  const type = beginsLike(bytes);
  const points = type === undefined ? undefined : pointsOf(type, bytes);
  return points !== undefined && points > maxPoints ? undefined : type;
}

function beginsLike(bytes: Buffer): PictureType | undefined {
  const latin = bytes.toString("latin1", 0, 16);
  if (latin.startsWith("\x89PNG\r\n\x1a\n")) return "image/png";
  if (/^GIF8[79]a/.test(latin)) return "image/gif";
  if (latin.startsWith("\xff\xd8\xff")) return "image/jpeg";
  if (/^RIFF[\s\S]{4}WEBP/.test(latin)) return "image/webp";
  if (/^[\s\S]{4}ftyp(?:avif|avis)/.test(latin)) return "image/avif";
  if (latin.startsWith("BM") && bytes.length > 26) return "image/bmp";
  return undefined;
}

/** Width times height where they stand at a fixed place; undefined elsewhere. */
function pointsOf(type: PictureType, bytes: Buffer): number | undefined {
  if (bytes.length < 26) return undefined;
  if (type === "image/png") return bytes.readUInt32BE(16) * bytes.readUInt32BE(20);
  if (type === "image/gif") return bytes.readUInt16LE(6) * bytes.readUInt16LE(8);
  if (type === "image/bmp") return Math.abs(bytes.readInt32LE(18) * bytes.readInt32LE(22));
  return undefined;
}
