/**
 * vCards (RFC 6350; 3.0 and 2.1 are read too, as Apple, Google and Outlook write them) to and from the cards of the address books (RFC 9555). What
 * has no property of its own is kept as it stands, and written again.
 */
import type { Card, Component, Contexts, PartialDate, VcardProperty } from "./card.ts";

export type CardFields = Omit<Card, "id" | "addressBookIds">;
/** One file has at most so many cards and characters. */
export const maxImported = 2_000;
export const maxVcardChars = 20_000_000;

/** What one property may have of letters: pictures beyond are left out, for a card is not large. */
const maxValueChars = 200_000;
/** Properties of one card, and characters of one before its value. */
const maxLines = 2_000;
const maxHeadChars = 10_000;

type Line = {
  /** Before the dot: what belongs together ("item1"). */
  readonly group: string;
  readonly name: string;
  readonly params: ReadonlyMap<string, string>;
  readonly value: string;
};

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
  const match = /^(?:([\w-]+)\.)?([\w-]+)((?:;(?:[^":;]|"[^"]*")*)*):/.exec(text.slice(0, maxHeadChars));
  if (match === null) return undefined;
  const [head, group = "", name = "", rest = ""] = match;
  const raw = text.slice(head.length);
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
  return { group, name: name.toUpperCase(), params, value };
}

const unescaped = (text: string): string =>
  text.replace(/\\([nN,;:\\])/g, (_whole, char: string) => (char.toLowerCase() === "n" ? "\n" : char));
const structured = (text: string): readonly string[] => text.split(/(?<!\\);/).map(unescaped);

function contexts(params: ReadonlyMap<string, string>): Contexts {
  const type = (params.get("TYPE") ?? "").toLowerCase();
  const preferred = type.split(",").includes("pref") ? 1 : Number(params.get("PREF")) || undefined;
  return {
    ...(type.includes("work")
      ? { contexts: { work: true } }
      : type.includes("home")
        ? { contexts: { private: true } }
        : {}),
    ...(preferred === undefined ? {} : { pref: preferred }),
  };
}
const featureOf: { readonly [type: string]: string } = { cell: "mobile", fax: "fax", pager: "pager", video: "video" };
function features(params: ReadonlyMap<string, string>): { readonly features?: { readonly [name: string]: boolean } } {
  const found = (params.get("TYPE") ?? "")
    .toLowerCase()
    .split(",")
    .flatMap((one) => featureOf[one] ?? []);
  return found.length > 0 ? { features: Object.fromEntries(found.map((one) => [one, true])) } : {};
}

/** RFC 6350 §6.3.1 and RFC 9553 §2.5.1.2, in the order of the one. */
const addressKinds = ["postOfficeBox", "apartment", "name", "locality", "region", "postcode", "country"] as const;
/** RFC 6350 §6.2.2 and RFC 9553 §2.2.1.2. */
const nameKinds = ["surname", "given", "given2", "title", "credential"] as const;

const componentsOf = (kinds: readonly string[], value: string): readonly Component[] =>
  structured(value).flatMap((part, i) =>
    part.trim() === "" || kinds[i] === undefined ? [] : [{ kind: kinds[i], value: part.trim() }],
  );

/** 1985-04-12, 19850412, --0412, 1985; of Apple's, which has no year, the one that stands for none. */
function dateOf({ value, params }: Line): PartialDate | undefined {
  const [, year, month, day] = /^(\d{4}|--)-?(?:(\d\d)-?(\d\d)?)?(?:T.*)?$/.exec(value.trim()) ?? [];
  if (year === undefined || (year === "--" && month === undefined)) return undefined;
  return {
    ...(year === "--" || params.get("X-APPLE-OMIT-YEAR") === year ? {} : { year: Number(year) }),
    ...(month === undefined ? {} : { month: Number(month) }),
    ...(day === undefined ? {} : { day: Number(day) }),
  };
}

/** Its bytes stand in it: 2.1 and 3.0 say so beside them. */
function photoOf({ value, params }: Line): string | undefined {
  const uri = /^b(?:ase64)?$/i.test(
    params.get("ENCODING") ??
      params
        .get("TYPE")
        ?.split(",")
        .find((one) => /^base64$/i.test(one)) ??
      "",
  )
    ? `data:image/${(/png|gif|webp/i.exec(params.get("TYPE") ?? "")?.[0] ?? "jpeg").toLowerCase()};base64,${value.replace(/\s/g, "")}`
    : value.trim();
  return /^data:image\/(?:png|jpeg|gif|webp);base64,/.test(uri) ? uri : undefined;
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
    } else if (current !== undefined && current.length < maxLines) current.push(line);
  }
  return withMembers(cards);
}

/** Said by properties of their own, or about the file. */
const understood =
  /^(?:VERSION|UID|KIND|FN|N|NICKNAME|EMAIL|TEL|ORG|TITLE|ROLE|ADR|BDAY|ANNIVERSARY|URL|CATEGORIES|NOTE|MEMBER|PHOTO|PRODID|REV|X-ABLABEL|X-ABSHOWAS|X-ADDRESSBOOKSERVER-.*)$/;

function cardOf(lines: readonly Line[]): CardFields | undefined {
  const first = (name: string) => lines.find((line) => line.name === name);
  const all = (name: string) => lines.filter((line) => line.name === name);
  /** "_$!<HomePage>!$_" is Apple's own word, anything else the owner's. */
  const labelled = ({ group }: Line): { readonly label?: string } => {
    const label =
      group === "" ? undefined : lines.find((line) => line.name === "X-ABLABEL" && line.group === group)?.value;
    return label === undefined ? {} : { label: unescaped(label).replace(/^_\$!<(.*)>!\$_$/, "$1") };
  };
  const some = <T>(property: string, names: readonly string[], make: (line: Line) => T | undefined) => {
    const made = names.flatMap((name) =>
      all(name).flatMap((line, i) => {
        const one = line.value.length > maxValueChars ? undefined : make(line);
        return one === undefined ? [] : [[`${name.toLowerCase()}${i + 1}`, one] as const];
      }),
    );
    return made.length > 0 ? { [property]: Object.fromEntries(made) } : {};
  };
  const full = unescaped(first("FN")?.value ?? "").trim();
  const parts = componentsOf(nameKinds, first("N")?.value ?? "");
  // As they are spoken: title, given, middle, surname, credential.
  const spoken = ["title", "given", "given2", "surname", "credential"];
  const components = [...parts].sort((a, b) => spoken.indexOf(a.kind) - spoken.indexOf(b.kind));
  const name = full === "" ? components.map(({ value }) => value).join(" ") : full;
  if (name === "" && all("EMAIL").length === 0) return undefined;
  const kind = first("KIND")?.value.toLowerCase() ?? first("X-ADDRESSBOOKSERVER-KIND")?.value.toLowerCase();
  const isOrg = kind === "org" || /^company$/i.test(first("X-ABSHOWAS")?.value ?? "");
  const members = [...all("MEMBER"), ...all("X-ADDRESSBOOKSERVER-MEMBER")].map(({ value }) => value.trim());
  const keywords = all("CATEGORIES")
    .flatMap(({ value }) => value.split(/(?<!\\),/).map((one) => unescaped(one).trim()))
    .filter(Boolean);
  const rest = lines.filter((line) => !understood.test(line.name) && line.value.length <= maxValueChars);
  return {
    uid: (first("UID")?.value.trim() || `urn:uuid:${crypto.randomUUID()}`).slice(0, 255),
    ...(kind === "group" ? { kind } : isOrg ? { kind: "org" } : {}),
    ...(name === "" ? {} : { name: { full: name, ...(components.length > 0 ? { components } : {}) } }),
    ...some("nicknames", ["NICKNAME"], (line) => ({ name: unescaped(line.value) })),
    ...some("emails", ["EMAIL"], (line) => ({
      address: unescaped(line.value).trim(),
      ...contexts(line.params),
      ...labelled(line),
    })),
    ...some("phones", ["TEL"], (line) => ({
      number: unescaped(line.value).replace(/^tel:/i, "").trim(),
      ...features(line.params),
      ...contexts(line.params),
      ...labelled(line),
    })),
    ...some("organizations", ["ORG"], (line) => {
      const [organization = "", ...units] = structured(line.value).map((one) => one.trim());
      const inner = units.filter(Boolean).map((unit) => ({ name: unit }));
      return { name: organization, ...(inner.length > 0 ? { units: inner } : {}) };
    }),
    ...some("titles", ["TITLE", "ROLE"], (line) => ({
      name: unescaped(line.value),
      ...(line.name === "ROLE" ? { kind: "role" as const } : {}),
    })),
    ...some("addresses", ["ADR"], (line) => {
      const places = componentsOf(addressKinds, line.value);
      const label = line.params.get("LABEL");
      if (places.length === 0 && label === undefined) return undefined;
      return {
        ...(places.length > 0 ? { components: places } : {}),
        ...(label === undefined ? {} : { full: unescaped(label) }),
        ...contexts(line.params),
        ...labelled(line),
      };
    }),
    ...some("anniversaries", ["BDAY", "ANNIVERSARY"], (line) => {
      const date = dateOf(line);
      return date === undefined ? undefined : { kind: line.name === "BDAY" ? "birth" : "wedding", date };
    }),
    ...some("links", ["URL"], (line) => ({ uri: line.value.trim(), ...contexts(line.params), ...labelled(line) })),
    ...some("media", ["PHOTO"], (line) => {
      const uri = photoOf(line);
      return uri === undefined ? undefined : { kind: "photo", uri };
    }),
    ...some("notes", ["NOTE"], (line) => ({ note: unescaped(line.value) })),
    ...(keywords.length > 0 ? { keywords: Object.fromEntries(keywords.map((one) => [one, true])) } : {}),
    ...(kind === "group" && members.length > 0
      ? { members: Object.fromEntries(members.map((uid) => [uid, true])) }
      : {}),
    ...(rest.length > 0
      ? {
          vCardProps: rest.map(
            (line): VcardProperty => [
              line.name.toLowerCase(),
              Object.fromEntries(
                [...line.params]
                  .filter(([key]) => key !== "ENCODING" && key !== "CHARSET")
                  .map(([key, value]) => [key.toLowerCase(), value]),
              ),
              "unknown",
              line.value,
            ],
          ),
        }
      : {}),
  };
}

/** Apple's groups name their members as "urn:uuid:X", the cards themselves as "X". */
function withMembers(cards: readonly CardFields[]): readonly CardFields[] {
  const uids = new Set(cards.map(({ uid }) => uid));
  const known = (uid: string) =>
    [uid, uid.replace(/^urn:uuid:/i, ""), `urn:uuid:${uid}`].find((one) => uids.has(one)) ?? uid;
  return cards.map((card) =>
    card.members === undefined
      ? card
      : { ...card, members: Object.fromEntries(Object.keys(card.members).map((uid) => [known(uid), true])) },
  );
}

const escaped = (text: string): string => text.replace(/[\\,;]/g, "\\$&").replace(/\r?\n/g, "\\n");

/** RFC 6350 §3.2: at most 75 octets in a line; never within a letter. */
function folded(line: string): string {
  const encoder = new TextEncoder();
  const parts: string[] = [];
  let part = "";
  let length = 0;
  for (const char of line) {
    const size = encoder.encode(char).length;
    if (length + size > 75) {
      parts.push(part);
      part = " ";
      length = 1;
    }
    part += char;
    length += size;
  }
  return [...parts, part].join("\r\n");
}

const parameter = (text: string): string =>
  /[,:;]/.test(text) ? `"${text.replace(/["\r\n]/g, " ")}"` : text.replace(/["\r\n]/g, " ");

export function writeVcards(cards: readonly CardFields[]): string {
  return cards
    .flatMap((card) => {
      const joined = (kinds: readonly string[], components: readonly Component[] = []) =>
        kinds
          .map((kind) =>
            escaped(
              components
                .filter((one) => one.kind === kind)
                .map(({ value }) => value)
                .join(" "),
            ),
          )
          .join(";");
      const full = card.name?.full ?? card.name?.components?.map(({ value }) => value).join(" ") ?? "";
      let groups = 0;
      /** A line, with its label (Apple's way) in a group of its own. */
      const line = (
        name: string,
        one: Contexts & { readonly features?: { readonly [name: string]: boolean } },
        value: string,
      ) => {
        const types = [
          ...(one.contexts?.["work"] ? ["work"] : []),
          ...(one.contexts?.["private"] ? ["home"] : []),
          ...Object.entries(featureOf).flatMap(([type, feature]) => (one.features?.[feature] ? [type] : [])),
        ];
        const group = one.label === undefined ? "" : `item${++groups}.`;
        const said = types.length > 0 ? `;TYPE=${types.length > 1 ? `"${types.join(",")}"` : types[0]}` : "";
        return [
          `${group}${name}${said}${one.pref === undefined ? "" : `;PREF=${one.pref}`}:${value}`,
          ...(one.label === undefined ? [] : [`${group}X-ABLABEL:${escaped(one.label)}`]),
        ];
      };
      const two = (n: number | undefined, digits = 2) => (n === undefined ? "" : String(n).padStart(digits, "0"));
      return [
        "BEGIN:VCARD",
        "VERSION:4.0",
        `UID:${card.uid}`,
        ...(card.kind === undefined || card.kind === "individual" ? [] : [`KIND:${card.kind}`]),
        `FN:${escaped(full || Object.values(card.emails ?? {})[0]?.address || "?")}`,
        ...(card.name?.components ? [`N:${joined(nameKinds, card.name.components)}`] : []),
        ...Object.values(card.nicknames ?? {}).map(({ name }) => `NICKNAME:${escaped(name)}`),
        ...Object.values(card.emails ?? {}).flatMap((one) => line("EMAIL", one, escaped(one.address))),
        ...Object.values(card.phones ?? {}).flatMap((one) => line("TEL", one, escaped(one.number))),
        ...Object.values(card.organizations ?? {}).map(
          (one) => `ORG:${[one.name ?? "", ...(one.units ?? []).map(({ name }) => name)].map(escaped).join(";")}`,
        ),
        ...Object.values(card.titles ?? {}).map(
          ({ name, kind }) => `${kind === "role" ? "ROLE" : "TITLE"}:${escaped(name)}`,
        ),
        ...Object.values(card.addresses ?? {}).flatMap((one) =>
          line(
            one.full === undefined ? "ADR" : `ADR;LABEL=${parameter(one.full.replace(/\r?\n/g, "\\n"))}`,
            one,
            joined(addressKinds, one.components),
          ),
        ),
        ...Object.values(card.anniversaries ?? {}).map(({ kind, date }) => {
          const name = kind === "birth" ? "BDAY" : "ANNIVERSARY";
          if ("utc" in date) return `${name}:${date.utc.slice(0, 10).replaceAll("-", "")}`;
          const { year, month, day } = date;
          return `${name}:${year === undefined ? "--" : two(year, 4)}${two(month)}${two(day)}`;
        }),
        ...Object.values(card.links ?? {}).flatMap((one) => line("URL", one, one.uri)),
        ...Object.values(card.media ?? {}).flatMap(({ kind, uri }) => (kind === "photo" ? [`PHOTO:${uri}`] : [])),
        ...Object.values(card.notes ?? {}).map((one) => `NOTE:${escaped(one.note)}`),
        ...(card.keywords === undefined ? [] : [`CATEGORIES:${Object.keys(card.keywords).map(escaped).join(",")}`]),
        ...Object.keys(card.members ?? {}).map((uid) => `MEMBER:${uid}`),
        ...(card.vCardProps ?? []).map(
          ([name, params, , value]) =>
            `${name.toUpperCase()}${Object.entries(params)
              .map(([key, text]) => `;${key.toUpperCase()}=${parameter(text)}`)
              .join("")}:${value.replace(/\r?\n/g, "\\n")}`,
        ),
        "END:VCARD",
        "",
      ];
    })
    .map(folded)
    .join("\r\n");
}

/** A file's words: UTF-8, or what Windows wrote before it. */
export function vcardText(bytes: Uint8Array): string {
  const wide =
    bytes[0] === 0xff && bytes[1] === 0xfe
      ? "utf-16le"
      : bytes[0] === 0xfe && bytes[1] === 0xff
        ? "utf-16be"
        : undefined;
  if (wide !== undefined) return new TextDecoder(wide).decode(bytes);
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return new TextDecoder("windows-1252").decode(bytes);
  }
}
