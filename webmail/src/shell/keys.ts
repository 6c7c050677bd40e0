/** Single keys and chords: nothing while somebody writes, nothing while something stands above the page. */
import { takesText } from "../../../ui/focus.ts";
import type { Doing } from "./commands.ts";

/** The second key of "g i" is waited for so long. */
const chordMs = 1_200;

export function makeKeys(all: () => readonly Doing[], busy: () => boolean): (event: KeyboardEvent) => void {
  let prefix: string | undefined;
  let timer: ReturnType<typeof setTimeout> | undefined;
  return (event) => {
    if (event.defaultPrevented || event.isComposing || event.repeat === undefined) return;
    const name = nameOf(event);
    const modified = event.ctrlKey || event.metaKey || event.altKey;
    if (busy() || (takesText(event.target) && !(modified && (name === "Control+k" || name === "Meta+k")))) return;
    const wanted = prefix === undefined ? name : `${prefix} ${name}`;
    prefix = undefined;
    clearTimeout(timer);
    const doing = all();
    const found = doing.find(({ keys }) => keys?.includes(wanted));
    // Enter on a button presses it.
    if (
      found !== undefined &&
      !(name === "Enter" && event.target instanceof HTMLElement && event.target.closest("button, a"))
    ) {
      event.preventDefault();
      found.run();
      return;
    }
    if (!modified && doing.some(({ keys }) => keys?.some((each) => each.startsWith(`${name} `)))) {
      prefix = name;
      timer = setTimeout(() => {
        prefix = undefined;
      }, chordMs);
    }
  };
}

function nameOf({ key, ctrlKey, metaKey, altKey, shiftKey }: KeyboardEvent): string {
  const parts: string[] = [];
  if (ctrlKey) parts.push("Control");
  if (metaKey) parts.push("Meta");
  if (altKey) parts.push("Alt");
  // Of letters shift is said; of signs it is part of the sign.
  if (shiftKey && /^\p{L}$/u.test(key)) parts.push("Shift", key.toUpperCase());
  else parts.push(key.length === 1 && (ctrlKey || metaKey) ? key.toLowerCase() : key);
  return parts.join("+");
}
