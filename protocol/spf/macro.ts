/** Macro strings of SPF (RFC 7208 §7): read once, then written out for a message. */

export type MacroPart =
  | string
  | {
      /** Lower case. */
      readonly letter: string;
      /** Labels that are kept, from the right; 0 for all. */
      readonly keep: number;
      readonly reverse: boolean;
      readonly delimiters: string;
      /** Written in upper case: the value is escaped as in a URL. */
      readonly escaped: boolean;
    };
export type MacroString = readonly MacroPart[];

const macro = /%(?:\{([slodiphcrtv])(\d*)(r?)([-.+,/_=]*)\}|([%_-]))/iy;

/** Undefined where the text is no macro-string. `inExplanation` allows c, r, t and blanks. */
export function parseMacros(text: string, inExplanation = false): MacroString | undefined {
  const parts: MacroPart[] = [];
  let from = 0;
  for (let at = text.indexOf("%"); at >= 0; at = text.indexOf("%", from)) {
    if (at > from) parts.push(text.slice(from, at));
    macro.lastIndex = at;
    const found = macro.exec(text);
    if (found === null) return undefined;
    const [, letter, digits, reverse, delimiters, plain] = found;
    if (plain !== undefined) parts.push(plain === "%" ? "%" : plain === "_" ? " " : "%20");
    else {
      const lower = letter!.toLowerCase();
      if (!inExplanation && "crt".includes(lower)) return undefined;
      // RFC 7208 §7.1: a number of labels is not zero.
      if (digits !== "" && Number(digits) === 0) return undefined;
      parts.push({
        letter: lower,
        keep: Math.min(Number(digits), 128),
        reverse: reverse !== "",
        delimiters: delimiters || ".",
        escaped: letter !== lower,
      });
    }
    from = macro.lastIndex;
  }
  if (from < text.length) parts.push(text.slice(from));
  const literal = inExplanation ? /^[\x20-\x7e]*$/ : /^[\x21-\x7e]*$/;
  return literal.test(text) ? parts : undefined;
}

/** A domain-spec: a macro-string that ends in a macro or in a top label (RFC 7208 §7.1). */
export function parseDomainSpec(text: string): MacroString | undefined {
  const parts = parseMacros(text);
  const last = parts?.at(-1);
  if (last === undefined) return undefined;
  if (typeof last !== "string") return parts;
  // The end of a literal after a macro: "%{d}.example" has its top label in the literal; "%%" and its like are no end.
  const top = /(?:^|\.)([a-z\d](?:[a-z\d-]*[a-z\d])?)\.?$/i.exec(last)?.[1];
  if (top === undefined || /^\d+$/.test(top)) return undefined;
  return last.length === text.length && !last.replace(/\.$/, "").includes(".") ? undefined : parts;
}

/** Whether it needs the validated name of the peer, which costs questions. */
export function asksForName(parts: MacroString): boolean {
  return parts.some((part) => typeof part !== "string" && part.letter === "p");
}

export type MacroValues = { readonly [letter: string]: string };

export function expandMacros(parts: MacroString, values: MacroValues): string {
  let text = "";
  for (const part of parts) text += typeof part === "string" ? part : written(part, values);
  return text;
}

function written(part: Exclude<MacroPart, string>, values: MacroValues): string {
  const { letter, keep, reverse, delimiters, escaped } = part;
  let value = values[letter] ?? "";
  if (keep > 0 || reverse || delimiters !== ".") {
    const labels: string[] = [""];
    for (const char of value)
      if (delimiters.includes(char)) labels.push("");
      else labels[labels.length - 1] += char;
    if (reverse) labels.reverse();
    value = (keep > 0 ? labels.slice(-keep) : labels).join(".");
  }
  return escaped
    ? encodeURIComponent(value).replace(/[!'()*]/g, (char) => `%${char.charCodeAt(0).toString(16)}`)
    : value;
}

/** RFC 7208 §7.3: names longer than DNS takes lose labels on the left. */
export function asName(text: string): string {
  let name = text.endsWith(".") ? text.slice(0, -1) : text;
  while (name.length > 253) {
    const dot = name.indexOf(".");
    if (dot < 0) break;
    name = name.slice(dot + 1);
  }
  return name.toLowerCase();
}
