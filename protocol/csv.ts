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
