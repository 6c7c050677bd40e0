import { type Catalogue, makeWords } from "../../ui/words.svelte.ts";
import { en } from "./words/en.ts";

export type Key = keyof typeof en;
/** Every sentence in one language. */
export type Words = Catalogue<Key>;

const others: { readonly [code: string]: () => Promise<Words> } = {
  de: async () => (await import("./words/de.ts")).de,
  es: async () => (await import("./words/es.ts")).es,
  fr: async () => (await import("./words/fr.ts")).fr,
  ja: async () => (await import("./words/ja.ts")).ja,
  ar: async () => (await import("./words/ar.ts")).ar,
};

/** Codes of the languages there is a catalogue for. */
export const spoken: readonly string[] = ["en", ...Object.keys(others)];
export const { t, language, speak } = makeWords<Key>(en, others);
