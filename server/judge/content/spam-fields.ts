/** What the filter writes into a message, and what strangers wrote there in its name. */
import type { Header } from "../../../protocol/mime/header.ts";
import { type Opinion, oddsOf } from "./filter.ts";
import type { Vouching } from "./vouching.ts";

export type Shown = {
  readonly isSpam: boolean;
  readonly reasons: readonly string[];
  /** Probability from which this is spam; above 1 it never is. */
  readonly spamFrom: number;
  readonly vouching: Vouching;
};

/** Score and what is required, rounded so that the score is at least that where it is spam, and only there. */
export function scoreShown(
  { odds, messages }: Opinion,
  spamFrom: number,
  isSpam: boolean,
): { readonly score: string; readonly required: string } {
  const up = (value: number): string => (Math.ceil(value * 10) / 10).toFixed(1);
  const down = (value: number): string => (Math.floor(value * 10) / 10).toFixed(1);
  return {
    score: (isSpam ? up : down)(odds),
    required: spamFrom > 1 ? "never" : up(oddsOf(Math.min(spamFrom, mostSure), messages)),
  };
}

/**
 * What programs read (the form is SpamAssassin's, which they know), and what people read: it is spam where the score is at least what is
 * required.
 */
export function spamFields(opinion: Opinion, { isSpam, reasons, spamFrom, vouching }: Shown): string {
  const tests = opinion.hits
    .filter(({ weight }) => Math.abs(weight) >= 0.05)
    .map(({ name, weight }) => `${name}=${weight.toFixed(1)}`);
  const { score, required } = scoreShown(opinion, spamFrom, isSpam);
  const probability = Math.min(opinion.probability, mostSure).toFixed(4);
  const status = `${isSpam ? "Yes" : "No"}, score=${score} required=${required} probability=${probability} sender=${vouching}`;
  const why = isSpam ? reasons.map((reason) => `X-Spam-Reason: ${reason}\r\n`).join("") : "";
  return `${isSpam ? "X-Spam-Flag: YES\r\n" : ""}X-Spam-Status: ${status}\r\n\ttests=${foldList(tests.slice(0, 40))}\r\n${why}`;
}

/** Nothing is certain. */
const mostSure = 0.9999;

/** Names with commas, in lines of a header field. */
function foldList(names: readonly string[]): string {
  let text = "";
  let line = "tests=".length;
  for (const [index, name] of names.entries()) {
    const piece = index === names.length - 1 ? name : `${name},`;
    if (line + piece.length > 76 && line > 0) {
      text += "\r\n\t";
      line = 8;
    }
    text += piece;
    line += piece.length;
  }
  return text === "" ? "none" : text;
}

/** What claims to be a filter's opinion and is a stranger's. */
export function strangersOpinions(header: Header): number[] {
  const places: number[] = [];
  for (const [index, { name }] of header.fields.entries())
    if (/^x-spam-(?:status|flag|reason|score|level|report)$/.test(name)) places.push(index);
  return places;
}
