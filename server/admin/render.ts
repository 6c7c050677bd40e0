/** Results of commands for people: tables and lists instead of JSON. */

/** Cells longer than this are cut in tables. */
const maxCellChars = 60;
type Row = { readonly [column: string]: unknown };
const isRow = (value: unknown): value is Row => typeof value === "object" && value !== null && !Array.isArray(value);

/** A result as text, without a last line end. */
export function render(result: unknown): string {
  if (Array.isArray(result)) {
    if (result.length === 0) return "(none)";
    if (result.every(isRow)) return isWide(result) ? result.map(list).join("\n\n") : table(result);
    return result.map(cell).join("\n");
  }
  return isRow(result) ? list(result) : cell(result);
}

/** Rows with text too long for a table (keys, replies), or with rows inside, are shown one below the other. */
const isWide = (rows: readonly Row[]): boolean =>
  rows.some((row) =>
    Object.values(row).some(
      (value) =>
        (typeof value === "string" && value.length > maxCellChars) || (Array.isArray(value) && value.some(isRow)),
    ),
  );

/** A line for each row, long cells cut; columns without any value are left out. */
export function table(rows: readonly Row[]): string {
  const columns = [...new Set(rows.flatMap((row) => Object.keys(row)))].filter((name) =>
    rows.some((row) => !isEmpty(row[name])),
  );
  const lines = [columns.map(title), ...rows.map((row) => columns.map((name) => clip(cell(row[name]))))];
  const widths = columns.map((_, index) => Math.max(...lines.map((line) => line[index]!.length)));
  return lines
    .map((line) =>
      line
        .map((text, index) => text.padEnd(widths[index]!))
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}

function list(row: Row): string {
  const shown = Object.entries(row).filter(([, value]) => !isEmpty(value));
  const width = Math.max(0, ...shown.map(([name]) => title(name).length));
  return shown
    .map(([name, value]) => {
      if (Array.isArray(value) && value.some(isRow)) return `${title(name)}\n${indent(render(value))}`;
      if (isRow(value)) return `${title(name)}\n${indent(list(value))}`;
      return `${title(name).padEnd(width)}  ${cell(value)}`;
    })
    .join("\n");
}

const indent = (text: string): string => text.replace(/^/gm, "  ");
const title = (name: string): string => name.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
const isEmpty = (value: unknown): boolean =>
  value === undefined || value === "" || (Array.isArray(value) && value.length === 0);
const clip = (text: string): string => (text.length > maxCellChars ? `${text.slice(0, maxCellChars - 1)}…` : text);

/** One value on one line; what a stranger wrote (a reply, an address) must not steer the terminal. */
export function cell(value: unknown): string {
  if (value === undefined || value === null) return "";
  if (typeof value === "boolean") return value ? "yes" : "no";
  const text = Array.isArray(value)
    ? value.map(cell).join(", ")
    : typeof value === "object"
      ? JSON.stringify(value)
      : String(value);
  return text.replace(/[\p{Cc}\p{Cf}\u2028\u2029]/gu, "\u00b7");
}
