/** Comma-separated values (RFC 4180), with semicolons or tabs too: whatever the first line uses. */

/** Rows of cells; empty lines are left out. A quote that is never closed takes the rest. */
export function parseCsv(text: string): readonly (readonly string[])[] {
  const plain = text.replace(/^\ufeff/, "");
  const separator = separatorOf(plain);
  const rows: string[][] = [];
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
    if (!isEmpty) rows.push(row);
    row = [];
  };
  for (let i = 0; i < plain.length; i++) {
    const letter = plain[i] as string;
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
      if (letter === "\r" && plain[i + 1] === "\n") i++;
      endRow();
    } else cell += letter;
  }
  if (cell !== "" || row.length > 0 || wasQuoted) endRow();
  return rows;
}

function separatorOf(text: string): string {
  const first = /^[^\r\n]*/.exec(text)?.[0] ?? "";
  return [",", ";", "\t"].reduce((best, one) => (count(first, one) > count(first, best) ? one : best));
}

const count = (text: string, letter: string): number => text.split(letter).length - 1;
