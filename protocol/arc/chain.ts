/** The ARC sets that a message bears (RFC 8617 §4.2.1), as far as the next sealer must know them. */
import type { Header } from "../mime/header.ts";

/** RFC 8617 §4.2.1. */
export const maxInstances = 50;

export type Chain = {
  /** The instance of the next set. */
  readonly next: number;
  /** Fields of all sets in the order in which a seal covers them: for each instance AAR, AMS, AS. Whole fields, folds included: byte strings. */
  readonly fields: readonly string[];
  /** The last seal says that the chain is broken. RFC 8617 §5.1: nothing is added after it. */
  readonly ended: boolean;
};

const order = ["arc-authentication-results", "arc-message-signature", "arc-seal"];

export function chainOf(header: Header): Chain {
  const found: { readonly instance: number; readonly place: number; readonly text: string }[] = [];
  for (const field of header.fields) {
    const place = order.indexOf(field.name);
    if (place < 0) continue;
    const text = header.text.slice(field.start, field.end);
    const instance = /(?:^|;)[ \t\r\n]*i[ \t\r\n]*=[ \t\r\n]*(\d{1,3})[ \t\r\n]*(?:;|$)/.exec(
      text.slice(field.valueStart - field.start),
    );
    if (instance !== null) found.push({ instance: Number(instance[1]), place, text });
  }
  found.sort((one, other) => one.instance - other.instance || one.place - other.place);
  const last = found.at(-1);
  return {
    next: (last?.instance ?? 0) + 1,
    fields: found.map(({ text }) => text),
    ended:
      last !== undefined &&
      last.place === 2 &&
      /;[ \t\r\n]*cv[ \t\r\n]*=[ \t\r\n]*fail\b/i.test(`;${last.text.slice("ARC-Seal:".length)}`),
  };
}
