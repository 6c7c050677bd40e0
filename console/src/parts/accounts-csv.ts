/** A CSV of accounts, as far as the page looks at it before it is sent. */
import { parseCsv } from "../../../protocol/csv.ts";

/** What the server knows (docs/operating.md). */
const columns = ["address", "password", "passwordhash", "displayname", "quota", "aliases"];

export type Looked = {
  /** Those that the server knows. */
  readonly columns: readonly string[];
  readonly unknown: readonly string[];
  /** Lines below the first. */
  readonly rows: number;
  /** A sentence, where it cannot be sent. */
  readonly problem: string | undefined;
};

export function lookAt(csv: string): Looked {
  const [first = [], ...rest] = parseCsv(csv);
  const named = first.map((name) => name.trim()).filter(Boolean);
  const isKnown = (name: string): boolean => columns.includes(name.toLowerCase());
  return {
    columns: named.filter(isKnown),
    unknown: named.filter((name) => !isKnown(name)),
    rows: rest.filter((cells) => cells.some((cell) => cell.trim() !== "")).length,
    problem:
      named.length === 0
        ? "Choose a file first, or write the lines."
        : !named.some((name) => name.toLowerCase() === "address")
          ? "The first line has to name the columns, and one of them is address."
          : rest.length === 0
            ? "There is no account below the first line."
            : undefined,
  };
}

const quoted = (field: string): string => (/[",\r\n]/.test(field) ? `"${field.replaceAll('"', '""')}"` : field);
/** RFC 4180. */
export const csvOf = (head: readonly string[], rows: readonly (readonly string[])[]): string =>
  [head, ...rows].map((row) => `${row.map(quoted).join(",")}\r\n`).join("");
