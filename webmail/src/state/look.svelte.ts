/** How the page looks, followed by everything that has to know. */
import { type Appearance, readAppearance, setAppearance } from "../../../ui/appearance.ts";
import { preferredLanguage } from "../../../ui/words.svelte.ts";
import { speak } from "../words.ts";

const system = matchMedia("(prefers-color-scheme: dark)");
let look = $state.raw<Appearance>(readAppearance());
let systemDark = $state(system.matches);
system.addEventListener("change", () => {
  systemDark = system.matches;
});

export const appearance = {
  get now(): Appearance {
    return look;
  },
  get dark(): boolean {
    return look.theme === "dark" || (look.theme === "system" && systemDark);
  },
};

export function changeAppearance(patch: Partial<Appearance>): void {
  look = { ...look, ...patch };
  setAppearance(look);
  if (patch.language !== undefined) void speakPreferred();
}

/** The language that was chosen, or the browser's. */
export function speakPreferred(): Promise<void> {
  return speak(look.language === "" ? preferredLanguage() : look.language).catch(() => {});
}
