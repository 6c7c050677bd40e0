/** Words in the reader's language, from one catalogue: English has every key and is always there, the others are loaded when wanted. */

/** A sentence with `{names}`, or one for each plural form of its `{n}` (CLDR's names; "other" is always there). */
export type Sentence = string | ({ readonly other: string } & { readonly [form in Intl.LDMLPluralRule]?: string });
export type Catalogue<Key extends string> = { readonly [key in Key]: Sentence };
export type Values = { readonly [name: string]: string | number };

export type Language = { readonly code: string; readonly name: string; readonly dir: "ltr" | "rtl" };

export const languages: readonly Language[] = [
  { code: "en", name: "English", dir: "ltr" },
  { code: "de", name: "Deutsch", dir: "ltr" },
  { code: "es", name: "Español", dir: "ltr" },
  { code: "fr", name: "Français", dir: "ltr" },
  { code: "ja", name: "日本語", dir: "ltr" },
  { code: "ar", name: "العربية", dir: "rtl" },
];

/** The first of the reader's languages that we have; English otherwise. */
export function preferredLanguage(wanted: readonly string[] = navigator.languages): string {
  for (const tag of wanted) {
    const code = tag.split("-")[0]?.toLowerCase();
    if (languages.some((one) => one.code === code)) return code as string;
  }
  return "en";
}

/** Fills in a sentence; numbers are written as the language writes them. Unknown names stay as they are. */
export function fill(sentence: Sentence, values: Values, language: string): string {
  let text: string;
  if (typeof sentence === "string") text = sentence;
  else {
    const form = new Intl.PluralRules(language).select(Number(values["n"] ?? 0));
    text = sentence[form] ?? sentence.other;
  }
  return text.replace(/\{(\w+)\}/g, (whole, name: string) => {
    const value = values[name];
    if (value === undefined) return whole;
    return typeof value === "number" ? new Intl.NumberFormat(language).format(value) : value;
  });
}

export type Words<Key extends string> = {
  /** The sentence in the language that is set; whatever shows it changes with the language. */
  readonly t: (key: Key, values?: Values) => string;
  /** The code of the language that is set: for Intl. */
  readonly language: () => string;
  /** Loads a language, then shows it; <html> gets its lang and dir. */
  readonly speak: (code: string) => Promise<void>;
};

/** @param others loads a catalogue, by language code */
export function makeWords<Key extends string>(
  english: Catalogue<Key>,
  others: { readonly [code: string]: () => Promise<Catalogue<Key>> },
): Words<Key> {
  const now = $state<{ code: string; catalogue: Catalogue<Key> }>({ code: "en", catalogue: english });
  return {
    t: (key, values = {}) => fill(now.catalogue[key] ?? english[key], values, now.code),
    language: () => now.code,
    speak: async (code) => {
      const load = others[code];
      const catalogue = load === undefined ? english : await load();
      now.catalogue = catalogue;
      now.code = load === undefined ? "en" : code;
      document.documentElement.lang = now.code;
      document.documentElement.dir = languages.find((one) => one.code === now.code)?.dir ?? "ltr";
    },
  };
}
