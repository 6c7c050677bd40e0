/** What styles do to text: whether they hide it, and how large it is. */

/** How large text is: not at all, hardly, or so that it can be read. */
export type Print = "none" | "tiny" | "plain";

export const hidesContent = (style: string): boolean =>
  /display\s*:\s*none|(?:content-)?visibility\s*:\s*(?:hidden|collapse)|opacity\s*:\s*0(?![.\d])|max-(?:height|width)\s*:\s*0(?![.\d])|text-indent\s*:\s*-\d{3,}|(?:^|[;\s])clip(?:-path)?\s*:\s*(?:rect\(\s*0|inset\(\s*(?:50|100)%)|scale\(\s*0(?![.\d])/.test(
    style,
  ) ||
  (/overflow\s*:\s*hidden/.test(style) && /(?:^|[;\s])(?:height|width)\s*:\s*0(?:px)?\s*(?:;|$)/.test(style)) ||
  (/position\s*:\s*(?:absolute|fixed)/.test(style) &&
    /(?:^|[;\s])(?:left|right|top|bottom)\s*:\s*-\d{3,}/.test(style)) ||
  isUnseen(style);

const textColor = /(?:^|[;\s])color\s*:\s*([^;!]+)/;
const backColor = /(?:^|[;\s])background(?:-color)?\s*:\s*([^;!]+)/;

/** Letters without colour, or in that of their ground. */
function isUnseen(style: string): boolean {
  const color = valueIn(style, textColor);
  if (color === undefined) return false;
  if (/^transparent$|^(?:rgb|hsl)a?\([^)]*[,/]\s*0(?:\.0+)?%?\s*\)$|^#(?:[\da-f]{3}0|[\da-f]{6}00)$/.test(color))
    return true;
  const ground = valueIn(style, backColor);
  return ground !== undefined && sameColor(color) === sameColor(ground);
}

const sameColor = (color: string): string =>
  color
    .replace(/\s+/g, "")
    .replace(/^white$|^rgb\(255,255,255\)$/, "#ffffff")
    .replace(/^black$|^rgb\(0,0,0\)$/, "#000000")
    .replace(/^#([\da-f])([\da-f])([\da-f])$/, "#$1$1$2$2$3$3");

/**
 * The size that a style gives to text; undefined where it gives none, or one relative to that around it. A newsletter sets 0 around its
 * columns, against gaps between them, and gives each text its size again.
 */
export function printOf(style: string): Print | undefined {
  const size =
    valueIn(style, fontSize) ??
    valueIn(style, font)
      ?.split(/\s+/)
      .find((word) => word.length < maxSizeChars && sizeInFont.test(word));
  if (size === undefined) return undefined;
  const found = /^(\d*\.?\d+)\s*([a-z%]*)/.exec(size);
  if (found === null) return /^(?:inherit|smaller|larger|unset)/.test(size) ? undefined : "plain";
  const value = Number(found[1]);
  if (value === 0) return "none";
  if (found[2] === "em" || found[2] === "%") return undefined;
  return value < 4 && (found[2] === "px" || found[2] === "pt") ? "tiny" : "plain";
}

const fontSize = /(?:^|[;\s])font-size\s*:\s*([^;!]+)/;
const font = /(?:^|[;\s])font\s*:\s*([^;!]+)/;
const maxSizeChars = 40;
/** In "bold 14px/1.2 Arial" and "0/0 a". */
const sizeInFont = /^(?:0|\d*\.?\d+(?:px|pt|r?em|%))(?:\/|$)/;

const valueIn = (style: string, property: RegExp): string | undefined => property.exec(style)?.[1]?.trim();
