/** Comma-separated values (RFC 4180), with semicolons or tabs too: whatever the first line uses. */

/** What a file of text says: UTF-16 where it begins so, else UTF-8, else Windows-1252. Spreadsheets write all three. */
export function textOfFile(bytes: Uint8Array): string {
  const [first, second] = bytes;
  if (first === 0xff && second === 0xfe) return new TextDecoder("utf-16le").decode(bytes);
  if (first === 0xfe && second === 0xff) return new TextDecoder("utf-16be").decode(bytes);
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return new TextDecoder("windows-1252").decode(bytes);
  }
}

export type CsvRow = {
  /** Where it begins, from 1. */
  readonly line: number;
  readonly cells: readonly string[];
};

/** Rows of cells; empty lines are left out. A quote that is never closed takes the rest. */
export const parseCsv = (text: string): readonly (readonly string[])[] => parseCsvRows(text).map(({ cells }) => cells);

export function parseCsvRows(text: string): readonly CsvRow[] {
  const plain = text.replace(/^\ufeff/, "");
  const separator = separatorOf(plain);
  const rows: CsvRow[] = [];
  let line = 1;
  let begins = 1;
  let row: string[] = [];
  let cell = "";
  let quoted = false;
  let wasQuoted = false;
  const endCell = (): void => {
    row.push(cell);
    cell = "";
    wasQuoted = false;
  };
  const endRow = (): void => {
    const isEmpty = row.length === 0 && cell === "" && !wasQuoted;
    endCell();
    if (!isEmpty) rows.push({ line: begins, cells: row });
    row = [];
  };
  for (let i = 0; i < plain.length; i++) {
    const letter = plain[i] as string;
    if (letter === "\n" || (letter === "\r" && plain[i + 1] !== "\n")) line++;
    if (quoted) {
      if (letter !== '"') cell += letter;
      else if (plain[i + 1] === '"') {
        cell += '"';
        i++;
      } else quoted = false;
    } else if (letter === '"' && cell === "") {
      quoted = true;
      wasQuoted = true;
    } else if (letter === separator) endCell();
    else if (letter === "\n" || letter === "\r") {
      if (letter === "\r" && plain[i + 1] === "\n") {
        i++;
        line++;
      }
      endRow();
      begins = line;
    } else cell += letter;
  }
  if (cell !== "" || row.length > 0 || wasQuoted) endRow();
  return rows;
}

/** The one that the first line has most of, outside of quotes. */
function separatorOf(text: string): string {
  const counts = new Map([",", ";", "\t"].map((separator) => [separator, 0]));
  let quoted = false;
  for (const letter of text) {
    if (letter === '"') quoted = !quoted;
    else if (quoted) continue;
    else if (letter === "\n" || letter === "\r") break;
    else if (counts.has(letter)) counts.set(letter, (counts.get(letter) ?? 0) + 1);
  }
  return [...counts].reduce((best, one) => (one[1] > best[1] ? one : best))[0];
}
