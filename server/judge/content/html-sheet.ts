/** What a style sheet hides, as far as it says so plainly. */
import { hidesContent } from "./html-styles.ts";

/** Characters and rules of style sheets, and classes of them that hide. */
export const maxSheetChars = 64 * 1024;
const maxRules = 2000;
const maxHiders = 100;

/** Rules for a class or an id by itself; what holds for some screens only stands within further braces. */
export function noteHiders(css: string, hiders: Set<string>): void {
  let at = 0;
  for (let rules = 0; rules < maxRules; rules++) {
    const open = css.indexOf("{", at);
    if (open < 0) return;
    const selectors = css.slice(at, open);
    let close = css.indexOf("}", open);
    if (close < 0) return;
    if (selectors.trimStart().startsWith("@")) close = blockEnd(css, open);
    else if (hidesContent(css.slice(open + 1, close)))
      for (const selector of selectors.split(",")) {
        const name = simpleSelector.exec(selector.trim())?.[1];
        if (name !== undefined && hiders.size < maxHiders) hiders.add(name);
      }
    at = close + 1;
  }
}

/** ".a", "p.a", "#a". */
const simpleSelector = /^[a-z0-9]{0,10}([.#][\w-]{1,60})$/;

/** Where the block that begins at `open` ends, braces within it counted. */
function blockEnd(css: string, open: number): number {
  let depth = 0;
  for (let at = open; at < css.length; at++) {
    const code = css.charCodeAt(at);
    if (code === 123) depth++;
    else if (code === 125 && --depth === 0) return at;
  }
  return css.length;
}
