/**
 * Styles of strangers, read by the browser's own parser and written again: what it did not understand is gone, escapes and comments hide
 * nothing. Nothing loads but pictures that were let in, and those only where no condition tells the sender something (whether they are
 * fetched must not depend on what is written in the message, how wide the window is, or where the pointer stands).
 */

/** The address a picture is shown from; undefined where it stays away. */
export type LetIn = (url: string) => string | undefined;

const urlInValue = /url\("((?:[^"\\]|\\.)*)"\)/g;
/** Functions that load, or whose value is only known when it is used. */
const unreadable =
  /(?:image-set|cross-fade|paint|element|src|image|var|env|attr|if|inherit|-webkit-canvas|toggle)\s*\(/i;
/** Filters are drawn again for each picture on the screen, and blurs cost the square of what they reach. */
const costly = /^(?:-webkit-)?(?:filter|backdrop-filter)$/;
const far = /\b\d{3,}(?:\.\d+)?(?:px|pt|pc|mm|q|em|rem|ch|ex|vw|vh)\b|\b\d{2,}(?:\.\d+)?(?:em|rem|ch|vw|vh|cm|in)\b/i;
const withPictures = /^(?:background-image|list-style-image|border-image-source|content)$/;

const nothing: LetIn = () => undefined;

function cleanDeclarations(style: CSSStyleDeclaration, letIn: LetIn): string {
  for (const name of [...style]) {
    const value = style.getPropertyValue(name);
    // Custom properties and what waits for them are kept as they were written: nobody has read them.
    if (name.startsWith("--") || value === "" || unreadable.test(value)) style.removeProperty(name);
    else if (costly.test(name) || (name.endsWith("-shadow") && far.test(value))) style.removeProperty(name);
    else if (name === "position" && /fixed|sticky/i.test(value)) style.setProperty(name, "static");
    else if (/url\(/i.test(value)) {
      const replaced = withPictures.test(name) ? withLetIn(value, letIn) : undefined;
      if (replaced === undefined) style.removeProperty(name);
      else style.setProperty(name, replaced, style.getPropertyPriority(name));
    }
  }
  return style.cssText;
}

function withLetIn(value: string, letIn: LetIn): string | undefined {
  let all = true;
  const replaced = value.replace(urlInValue, (_whole, quoted: string) => {
    const url = letIn(quoted.replace(/\\([0-9a-f]{1,6}) ?|\\(.)/gi, unescaped));
    if (url === undefined) all = false;
    return `url("${(url ?? "").replace(/["\\\n]/g, encodeURIComponent)}")`;
  });
  return all ? replaced : undefined;
}

function unescaped(_whole: string, code: string | undefined, char: string | undefined): string {
  if (code === undefined) return char ?? "";
  const point = Number.parseInt(code, 16);
  return point > 0 && point <= 0x10ffff ? String.fromCodePoint(point) : "";
}

function cleanRules(rules: CSSRuleList, letIn: LetIn): string {
  let text = "";
  for (const rule of rules) {
    if (rule instanceof CSSStyleRule) {
      const conditional = /[:[]/.test(rule.selectorText);
      const declarations = cleanDeclarations(rule.style, conditional ? nothing : letIn);
      if (declarations !== "") text += `${rule.selectorText}{${declarations}}\n`;
    } else if (rule instanceof CSSMediaRule)
      text += `@media ${rule.conditionText}{${cleanRules(rule.cssRules, nothing)}}\n`;
    else if (rule instanceof CSSSupportsRule)
      text += `@supports ${rule.conditionText}{${cleanRules(rule.cssRules, nothing)}}\n`;
    else if (rule instanceof CSSKeyframesRule)
      text += `@keyframes ${CSS.escape(rule.name)}{${[...rule.cssRules].map((frame) => keyframe(frame)).join("")}}\n`;
  }
  return text;
}

const keyframe = (rule: CSSRule): string =>
  rule instanceof CSSKeyframeRule ? `${rule.keyText}{${cleanDeclarations(rule.style, nothing)}}` : "";

/** A style sheet; what is neither a rule for elements nor a condition around such rules is left out (@import, @font-face, @page…). */
export function cleanSheet(css: string, letIn: LetIn): string {
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(css);
  return cleanRules(sheet.cssRules, letIn);
}

let probe: CSSStyleRule | undefined;

/** The value of a style attribute. */
export function cleanStyle(css: string, letIn: LetIn): string {
  if (probe === undefined) {
    const sheet = new CSSStyleSheet();
    sheet.insertRule("a{}");
    probe = sheet.cssRules[0] as CSSStyleRule;
  }
  probe.style.cssText = css;
  return cleanDeclarations(probe.style, letIn);
}
