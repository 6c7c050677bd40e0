/** Where a key stands in a TOML text, so that a mistake can be shown with its line. */

/**
 * Line numbers (from 1) by dotted path: "listen.smtp" → 4, "listen" → 3. Good for what a configuration file holds: tables, arrays of
 * tables ("route.0.host"), bare and quoted keys. A table that only has others in it stands where the first of them does. A path that is not
 * found answers the nearest parent's line.
 */
export function keyLines(text: string): (path: readonly (string | number)[]) => number | undefined {
  const lines = new Map<string, number>();
  const counts = new Map<string, number>();
  let table = "";
  /** Of an array of tables the last is meant. */
  const within = (above: string, name: string): string => {
    const path = joined(above, name);
    const count = counts.get(path);
    return count === undefined ? path : `${path}.${count - 1}`;
  };
  for (const [index, raw] of text.split("\n").entries()) {
    const line = raw.trim();
    const header = /^\[(\[?)\s*([^\]]+?)\s*\]\]?/.exec(line);
    if (header !== null) {
      const names = dotted(header[2] ?? "").split(".");
      const last = names.pop() ?? "";
      table = "";
      for (const name of names) {
        table = within(table, name);
        if (!lines.has(table)) lines.set(table, index + 1);
      }
      if (header[1] === "[") {
        const name = joined(table, last);
        const count = counts.get(name) ?? 0;
        counts.set(name, count + 1);
        table = `${name}.${count}`;
        if (count === 0) lines.set(name, index + 1);
      } else table = within(table, last);
      lines.set(table, index + 1);
      continue;
    }
    const key = /^((?:[A-Za-z0-9_-]+|"[^"]*"|'[^']*')(?:\s*\.\s*(?:[A-Za-z0-9_-]+|"[^"]*"|'[^']*'))*)\s*=/.exec(line);
    if (key === null) continue;
    const path = dotted(key[1] ?? "");
    lines.set(joined(table, path), index + 1);
  }
  return (path) => {
    for (let length = path.length; length > 0; length--) {
      const line = lines.get(path.slice(0, length).join("."));
      if (line !== undefined) return line;
    }
    return undefined;
  };
}

const joined = (above: string, name: string): string => (above === "" ? name : `${above}.${name}`);

function dotted(key: string): string {
  return key
    .split(".")
    .map((part) => part.trim().replace(/^["']|["']$/g, ""))
    .join(".");
}
