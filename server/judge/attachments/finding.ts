/** What may be wrong with an attachment, each with the sentence that people read. */

/** The groups that a policy decides about. */
export const dangers = {
  malware: "is malware",
  executable: "is a program",
  script: "is a script that a double click runs",
  shortcut: "is a shortcut that can start programs or fetch them",
  disguised: "has a name that hides what it is",
  bomb: "is made to fill the memory or the disk of whoever opens it",
  macro: "is an Office document with macros",
  "office-trap": "is a document that fetches or runs something when it is opened",
  onenote: "is a OneNote notebook, which can carry programs",
  "disk-image": "is a disk image, whose contents no browser warns of",
  encrypted: "is an encrypted archive that nobody can look into",
  "encrypted-document": "is an encrypted document that nobody can look into",
  "html-trap": "is a web page that builds a file or asks for a password",
  "html-script": "is a web page or drawing with scripts",
  "pdf-trap": "is a PDF that runs something",
  polyglot: "is two kinds of file at once",
  "calendar-trap": "is an invitation or a contact that starts or fetches something",
  fragment: "is a piece of a message that is put together after it was looked at",
  unopened: "is too deep or too large to be looked at wholly",
} as const;
export type Danger = keyof typeof dangers;

export type Finding = {
  readonly danger: Danger;
  /** The attachment's name, and where it lies in another file the way to it: "invoices.zip › a.exe". */
  readonly name: string;
  /** What was seen: "PE program", "RIGHT-TO-LEFT OVERRIDE in the name". */
  readonly what: string;
  /** Which leaf of the message it is in, by number in the order of the message; -1: not a part's. */
  readonly part: number;
};

/** "invoices.zip › a.exe is a program (PE program)" */
export function sentenceOf({ danger, name, what }: Finding): string {
  const shown = name === "" ? "An attachment without a name" : `The attachment ${quote(name)}`;
  return `${shown} ${dangers[danger]}${what === "" ? "" : ` (${what})`}`;
}

/** A stranger's name on one line, without what would steer a terminal or turn the text around. */
function quote(name: string): string {
  const plain = name.replace(/[\p{Cc}\p{Cf}\u2028\u2029]/gu, "\u00b7");
  return `"${plain.length > 120 ? `${plain.slice(0, 119)}…` : plain}"`;
}
