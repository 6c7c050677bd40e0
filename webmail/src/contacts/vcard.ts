/** vCards (RFC 6350; 3.0 and 2.1 are read too) to and from the cards of the address books, as far as these are shown. */
import type { Card } from "./card.ts";

export type CardFields = Omit<Card, "id" | "addressBookIds">;
/** One file has at most so many cards and characters. */
export const maxImported = 2_000;
export const maxVcardChars = 20_000_000;

type Line = { readonly name: string; readonly params: ReadonlyMap<string, string>; readonly value: string };

/** RFC 6350 §3.2: a line that begins with a space goes on the one before; 2.1 ends soft breaks with =. */
function linesOf(text: string): readonly string[] {
  return text
    .replace(/\r\n?/g, "\n")
    .replace(/=\n(?=[^\n]*)/g, (whole, at: number, all: string) =>
      /QUOTED-PRINTABLE/i.test(all.slice(all.lastIndexOf("\n", at - 1) + 1, at)) ? "" : whole,
    )
    .replace(/\n[ \t]/g, "")
    .split("\n");
}

function lineOf(text: string): Line | undefined {
  const match = /^(?:[\w-]+\.)?([\w-]+)((?:;(?:[^":;]|"[^"]*")*)*):([\s\S]*)$/.exec(text);
  if (match === null) return undefined;
  const [, name = "", rest = "", raw = ""] = match;
  const params = new Map<string, string>();
  for (const part of rest.split(";").slice(1)) {
    const [key = "", value] = part.split("=", 2);
    if (value === undefined) params.set("TYPE", [params.get("TYPE"), key].filter(Boolean).join(","));
    else
      params.set(
        key.toUpperCase(),
        [params.get(key.toUpperCase()), value.replace(/^"|"$/g, "")].filter(Boolean).join(","),
      );
  }
  let value = raw;
  if (/quoted-printable/i.test(params.get("ENCODING") ?? params.get("TYPE") ?? "")) {
    const bytes = raw.replace(/=([0-9a-f]{2})/gi, (_whole, hex: string) =>
      String.fromCharCode(Number.parseInt(hex, 16)),
    );
    try {
      value = new TextDecoder(params.get("CHARSET") ?? "utf-8").decode(
        Uint8Array.from(bytes, (char) => char.charCodeAt(0)),
      );
    } catch {
      value = bytes;
    }
  }
  return { name: name.toUpperCase(), params, value };
}

const unescaped = (text: string): string =>
  text.replace(/\\([nN,;:\\])/g, (_whole, char: string) => (char.toLowerCase() === "n" ? "\n" : char));
const structured = (text: string): readonly string[] => text.split(/(?<!\\);/).map(unescaped);

function contexts(params: ReadonlyMap<string, string>): { readonly contexts?: { readonly [name: string]: boolean } } {
  const type = (params.get("TYPE") ?? "").toLowerCase();
  if (type.includes("work")) return { contexts: { work: true } };
  if (type.includes("home")) return { contexts: { private: true } };
  return {};
}

/** Cards of a file; what cannot be read of a card is left out, a card without anything to show too. */
export function readVcards(text: string): readonly CardFields[] {
  const cards: CardFields[] = [];
  let current: Line[] | undefined;
  for (const each of linesOf(text.slice(0, maxVcardChars))) {
    const line = lineOf(each);
    if (line === undefined) continue;
    if (line.name === "BEGIN") current = [];
    else if (line.name === "END") {
      if (current !== undefined) {
        const card = cardOf(current);
        if (card !== undefined) cards.push(card);
      }
      current = undefined;
      if (cards.length >= maxImported) break;
    } else current?.push(line);
  }
  return cards;
}

function cardOf(lines: readonly Line[]): CardFields | undefined {
  const first = (name: string) => lines.find((line) => line.name === name);
  const all = (name: string) => lines.filter((line) => line.name === name);
  const keyed = <T>(name: string, make: (line: Line) => T): { readonly [key: string]: T } =>
    Object.fromEntries(all(name).map((line, i) => [`${name.toLowerCase()}${i + 1}`, make(line)]));
  const full = unescaped(first("FN")?.value ?? "").trim();
  const [family = "", given = "", middle = ""] = structured(first("N")?.value ?? "");
  const components = [
    { kind: "given", value: given.trim() },
    { kind: "given2", value: middle.trim() },
    { kind: "surname", value: family.trim() },
  ].filter(({ value }) => value !== "");
  const emails = keyed("EMAIL", (line) => ({ address: unescaped(line.value).trim(), ...contexts(line.params) }));
  const name = full === "" ? components.map(({ value }) => value).join(" ") : full;
  if (name === "" && Object.keys(emails).length === 0) return undefined;
  const kind = first("KIND")?.value.toLowerCase() ?? first("X-ADDRESSBOOKSERVER-KIND")?.value.toLowerCase();
  const members = [...all("MEMBER"), ...all("X-ADDRESSBOOKSERVER-MEMBER")].map(({ value }) => value.trim());
  return {
    uid: (first("UID")?.value.trim() || `urn:uuid:${crypto.randomUUID()}`).slice(0, 255),
    ...(kind === "group" || kind === "org" ? { kind } : {}),
    ...(name === "" ? {} : { name: { full: name, ...(components.length > 0 ? { components } : {}) } }),
    ...(Object.keys(emails).length > 0 ? { emails } : {}),
    ...(all("TEL").length > 0
      ? {
          phones: keyed("TEL", (line) => ({
            number: unescaped(line.value).replace(/^tel:/i, "").trim(),
            ...contexts(line.params),
          })),
        }
      : {}),
    ...(all("ORG").length > 0
      ? { organizations: keyed("ORG", (line) => ({ name: structured(line.value)[0] ?? "" })) }
      : {}),
    ...(all("NOTE").length > 0 ? { notes: keyed("NOTE", (line) => ({ note: unescaped(line.value) })) } : {}),
    ...(kind === "group" && members.length > 0
      ? { members: Object.fromEntries(members.map((uid) => [uid, true])) }
      : {}),
  };
}

const escaped = (text: string): string => text.replace(/[\\,;]/g, "\\$&").replace(/\r?\n/g, "\\n");

/** RFC 6350 §3.2: at most 75 octets in a line; never within a letter. */
function folded(line: string): string {
  const encoder = new TextEncoder();
  let out = "";
  let length = 0;
  for (const char of line) {
    const size = encoder.encode(char).length;
    if (length + size > 75) {
      out += "\r\n ";
      length = 1;
    }
    out += char;
    length += size;
  }
  return out;
}

export function writeVcards(cards: readonly CardFields[]): string {
  return cards
    .flatMap((card) => {
      const part = (kind: string) => card.name?.components?.find((one) => one.kind === kind)?.value ?? "";
      const full = card.name?.full ?? card.name?.components?.map(({ value }) => value).join(" ") ?? "";
      const type = (one: { readonly contexts?: { readonly [name: string]: boolean } }) =>
        one.contexts?.["work"] ? ";TYPE=work" : one.contexts?.["private"] ? ";TYPE=home" : "";
      return [
        "BEGIN:VCARD",
        "VERSION:4.0",
        `UID:${card.uid}`,
        ...(card.kind === undefined || card.kind === "individual" ? [] : [`KIND:${card.kind}`]),
        `FN:${escaped(full || Object.values(card.emails ?? {})[0]?.address || "?")}`,
        ...(card.name?.components
          ? [`N:${[part("surname"), part("given"), part("given2")].map(escaped).join(";")};;`]
          : []),
        ...Object.values(card.emails ?? {}).map((one) => `EMAIL${type(one)}:${escaped(one.address)}`),
        ...Object.values(card.phones ?? {}).map((one) => `TEL:${escaped(one.number)}`),
        ...Object.values(card.organizations ?? {}).map((one) => `ORG:${escaped(one.name ?? "")}`),
        ...Object.values(card.notes ?? {}).map((one) => `NOTE:${escaped(one.note)}`),
        ...Object.keys(card.members ?? {}).map((uid) => `MEMBER:${uid}`),
        "END:VCARD",
        "",
      ];
    })
    .map(folded)
    .join("\r\n");
}
