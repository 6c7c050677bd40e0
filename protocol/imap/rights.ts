/** What somebody may do with another one's mailbox: the letters of RFC 4314 §2.1, and JMAP's rights (RFC 8621 §2) by them. */

/** In the order in which they are written. */
export const allRights = "lrswipkxtea";

/** Rights as kept: letters of `allRights`, each once, in that order. */
export type Rights = string;

/** RFC 4314 §2.1.1: "c" and "d" stand for what they were split into. Undefined where a letter is none. */
export function parseRights(text: string): Rights | undefined {
  const asked = new Set<string>();
  for (const letter of text)
    if (letter === "c") for (const part of "kx") asked.add(part);
    else if (letter === "d") for (const part of "xte") asked.add(part);
    else if (allRights.includes(letter)) asked.add(letter);
    else return undefined;
  return ordered(asked);
}

const ordered = (letters: ReadonlySet<string>): Rights =>
  [...allRights].filter((letter) => letters.has(letter)).join("");

/** RFC 4314 §2.1.1: as they are shown, with the letters of before for clients that know only these. */
export function shownRights(rights: Rights): string {
  const has = (letters: string) => [...letters].some((letter) => rights.includes(letter));
  return `${rights}${has("kx") ? "c" : ""}${has("te") ? "d" : ""}`;
}

export const withRights = (rights: Rights, more: Rights): Rights => ordered(new Set(rights + more));
export const withoutRights = (rights: Rights, less: Rights): Rights =>
  ordered(new Set([...rights].filter((letter) => !less.includes(letter))));

/** JMAP's name, and the letters that make it; all of them are needed. */
const jmapNames: readonly (readonly [name: string, letters: string])[] = [
  ["mayReadItems", "lr"],
  ["mayAddItems", "i"],
  ["mayRemoveItems", "te"],
  ["maySetSeen", "s"],
  ["maySetKeywords", "w"],
  ["mayCreateChild", "k"],
  ["mayRename", "x"],
  ["mayDelete", "x"],
  ["maySubmit", "p"],
  ["mayShare", "a"],
];

export type JmapRights = { readonly [name: string]: boolean };

export function jmapRights(rights: Rights): JmapRights {
  return Object.fromEntries(
    jmapNames.map(([name, letters]) => [name, [...letters].every((letter) => rights.includes(letter))]),
  );
}

/** The letters for what a client grants; undefined where a name is none of ours, or a value is no boolean. */
export function rightsOfJmap(given: { readonly [name: string]: unknown }): Rights | undefined {
  const letters = new Set<string>();
  for (const [name, value] of Object.entries(given)) {
    const known = jmapNames.find(([one]) => one === name);
    if (known === undefined || typeof value !== "boolean") return undefined;
    if (value) for (const letter of known[1]) letters.add(letter);
  }
  // Whoever may do anything with a mailbox sees that it is there.
  if (letters.size > 0) letters.add("l");
  return ordered(letters);
}
