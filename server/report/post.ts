/** Sends reports by mail: composed, signed, and queued like everything else. */
import { type ComposedPart, composeMessage } from "../../protocol/mime/compose.ts";
import type { NamedAddress } from "../../protocol/mime/fields/write.ts";
import { parseMailbox } from "../../protocol/smtp/address.ts";
import type { Deliver } from "../deliver/deliver.ts";
import { type MadeHereAsk, madeHere } from "./made-here.ts";

export type Letter = {
  readonly to: string;
  readonly subject: string;
  readonly text: string;
  /** Undefined: the text is the whole message. */
  readonly attachment?: { readonly type: string; readonly fileName: string; readonly bytes: Uint8Array };
  /** "report; report-type=tlsrpt" instead of "mixed". */
  readonly subtype?: string;
  /** More fields, whose values have their syntax already. */
  readonly fields?: readonly { readonly name: string; readonly raw: string }[];
};

/** Whether it was taken; false for an address that is none, or that nobody here has. Rejects when the store is in trouble. */
export type Post = (letter: Letter) => Promise<boolean>;

/** `from` is the author of all of them. */
export function makePost(
  ask: MadeHereAsk & {
    readonly from: NamedAddress;
    /** The author's domain. */
    readonly domain: string;
    readonly give: Deliver["give"];
    readonly now: () => number;
    readonly newId: () => string;
  },
): Post {
  return async ({ to, subject, text, attachment, subtype = "mixed", fields = [] }) => {
    const recipient = parseMailbox(to);
    if (recipient === undefined) return false;
    const at = ask.now();
    const id = ask.newId();
    const words: ComposedPart = { kind: "text", subtype: "plain", text };
    const body: ComposedPart =
      attachment === undefined
        ? words
        : {
            kind: "multipart",
            subtype,
            boundary: `=_${ask.newId()}${ask.newId()}`,
            parts: [words, { kind: "file", disposition: "attachment", ...attachment }],
          };
    const bytes = composeMessage(
      [
        { name: "From", addresses: [ask.from] },
        { name: "To", addresses: [{ address: to }] },
        { name: "Subject", raw: subject },
        { name: "Date", date: at },
        { name: "Message-ID", ids: [`${id}@${ask.ourHost}`] },
        // RFC 3834 §5
        { name: "Auto-Submitted", raw: "auto-generated" },
        ...fields,
      ],
      body,
    );
    return ask.give(
      await madeHere({ at, id, to: recipient, bytes, body: "7bit", smtputf8: false, domain: ask.domain }, ask),
    );
  };
}
