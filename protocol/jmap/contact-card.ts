/** JSContact cards (RFC 9553) as RFC 9610 keeps them: what is checked of them, and the texts by which they are found. */
import { escapePointer } from "./check.ts";
import { isObject, type JsonObject } from "./types.ts";

/** One card as JSON. */
export const maxCardChars = 512 * 1024;

const kinds = new Set(["individual", "group", "org", "location", "device", "application"]);
/** Properties that are maps of objects, by RFC 9553 §2. */
const maps: ReadonlySet<string> = new Set([
  "nicknames",
  "organizations",
  "titles",
  "emails",
  "onlineServices",
  "phones",
  "preferredLanguages",
  "calendars",
  "schedulingAddresses",
  "addresses",
  "cryptoKeys",
  "directories",
  "links",
  "media",
  "anniversaries",
  "notes",
  "personalInfo",
  "relatedTo",
  "localizations",
]);
const strings: ReadonlySet<string> = new Set([
  "uid",
  "created",
  "updated",
  "language",
  "prodId",
  "kind",
  "version",
  "@type",
]);
const sets: ReadonlySet<string> = new Set(["members", "keywords"]);
/** What one entry of a map must have. */
const needed: { readonly [map: string]: string } = {
  nicknames: "name",
  titles: "name",
  emails: "address",
  phones: "number",
  notes: "note",
  calendars: "uri",
  schedulingAddresses: "uri",
  cryptoKeys: "uri",
  directories: "uri",
  links: "uri",
  personalInfo: "value",
};

/** A sentence about what is wrong with the card and the property it is in, or undefined. `addressBookIds` and `id` are not looked at. */
export function cardFault(card: JsonObject): { readonly property: string; readonly why: string } | undefined {
  for (const [name, value] of Object.entries(card)) {
    const fault = faultOf(name, value);
    if (fault !== undefined) return { property: name, why: fault };
  }
  return undefined;
}

function faultOf(name: string, value: unknown): string | undefined {
  if (strings.has(name) && typeof value !== "string") return `${name}: expected a string.`;
  if (name === "kind" && !kinds.has(value as string) && !/^[\w.-]+:/.test(value as string))
    return `kind: expected one of ${[...kinds].join(", ")}.`;
  if (name === "@type" && value !== "Card") return '@type: expected "Card".';
  if (name === "version" && value !== "1.0") return 'version: expected "1.0".';
  if ((name === "created" || name === "updated") && Number.isNaN(Date.parse(value as string)))
    return `${name}: expected a UTC date and time.`;
  if (sets.has(name)) {
    if (!isObject(value) || !Object.values(value).every((one) => one === true))
      return `${name}: expected an object whose values are true.`;
    return undefined;
  }
  if (name === "name" || name === "speakToAs") {
    if (!isObject(value)) return `${name}: expected an object.`;
    const { components, full } = value;
    if (full !== undefined && typeof full !== "string") return `${name}/full: expected a string.`;
    if (name !== "name" || components === undefined) return undefined;
    if (!Array.isArray(components)) return "name/components: expected an array.";
    for (const [i, one] of components.entries())
      if (!isObject(one) || typeof one["kind"] !== "string" || typeof one["value"] !== "string")
        return `name/components/${i}: expected an object with kind and value.`;
    return undefined;
  }
  if (!maps.has(name)) return undefined;
  if (!isObject(value)) return `${name}: expected an object.`;
  const must = needed[name];
  for (const [id, one] of Object.entries(value)) {
    if (name === "localizations" ? !isObject(one) : !/^[A-Za-z0-9_-]{1,255}$/.test(id) && name !== "relatedTo")
      return `${name}/${escapePointer(id)}: this is no id.`;
    if (!isObject(one)) return `${name}/${escapePointer(id)}: expected an object.`;
    if (must !== undefined && typeof one[must] !== "string")
      return `${name}/${escapePointer(id)}/${must}: expected a string.`;
  }
  return undefined;
}

/** Texts of a card by the condition of RFC 9610 §3.3.1 that looks at them. */
export function cardTexts(card: JsonObject, condition: string): readonly string[] {
  const entries = (property: string, ...names: readonly string[]): string[] => {
    const map = card[property];
    if (!isObject(map)) return [];
    return Object.values(map).flatMap((one) => (isObject(one) ? names.flatMap((name) => textsIn(one[name])) : []));
  };
  const components = (kind: string): string[] => nameComponents(card, kind);
  switch (condition) {
    case "name": {
      const { name } = card;
      return isObject(name) ? [...textsIn(name["full"]), [...nameComponents(card, undefined)].join(" ")] : [];
    }
    case "name/given":
      return components("given");
    case "name/surname":
      return components("surname");
    case "name/surname2":
      return components("surname2");
    case "nickname":
      return entries("nicknames", "name");
    case "organization":
      return entries("organizations", "name", "units");
    case "email":
      return entries("emails", "address", "label");
    case "phone":
      return entries("phones", "number", "label");
    case "onlineService":
      return entries("onlineServices", "service", "uri", "user", "label");
    case "address":
      return entries("addresses", "full", "components");
    case "note":
      return entries("notes", "note");
    case "title":
      return entries("titles", "name");
    case "text":
      return [
        "name",
        "nickname",
        "organization",
        "email",
        "phone",
        "onlineService",
        "address",
        "note",
        "title",
      ].flatMap((each) => cardTexts(card, each));
    default:
      return [];
  }
}

function nameComponents(card: JsonObject, kind: string | undefined): string[] {
  const { name } = card;
  const components = isObject(name) ? name["components"] : undefined;
  if (!Array.isArray(components)) return [];
  return components.flatMap((one) =>
    isObject(one) && typeof one["value"] === "string" && (kind === undefined || one["kind"] === kind)
      ? [one["value"]]
      : [],
  );
}

/** Strings in a value: itself, the values of its components, the names of its units. */
function textsIn(value: unknown): string[] {
  if (typeof value === "string") return [value];
  if (Array.isArray(value))
    return value.flatMap((one) => (isObject(one) ? [...textsIn(one["value"]), ...textsIn(one["name"])] : textsIn(one)));
  return [];
}
