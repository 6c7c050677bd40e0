/** State strings of mail: the mod-sequence, the next email's number, and within a moment that is answered in pieces, how far. */

export type StateNumbers = { readonly modseq: number; readonly nextEmail: number; readonly after: number | undefined };

export const stateText = ({ modseq, nextEmail, after }: StateNumbers): string =>
  after === undefined ? `${modseq}.${nextEmail}` : `${modseq}.${nextEmail}.${after}`;

export function parseState(text: string): StateNumbers | undefined {
  const match = /^(\d{1,15})\.(\d{1,15})(?:\.(\d{1,15}))?$/.exec(text);
  if (match === null) return undefined;
  return {
    modseq: Number(match[1]),
    nextEmail: Number(match[2]),
    after: match[3] === undefined ? undefined : Number(match[3]),
  };
}
