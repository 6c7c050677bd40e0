import { makeWords } from "../../ui/words.svelte.ts";
import { en } from "./words/en.ts";

export type Key = keyof typeof en;

const others = {};

/** Codes of the languages there is a catalogue for. */
export const spoken: readonly string[] = ["en", ...Object.keys(others)];
export const { t, language, speak } = makeWords<Key>(en, others);
