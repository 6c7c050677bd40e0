import { makeWords } from "../../ui/words.svelte.ts";
import { en } from "./words/en.ts";

export const { t, language, speak } = makeWords<keyof typeof en>(en, {});
