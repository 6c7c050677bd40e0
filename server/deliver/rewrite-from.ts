/**
 * Mail whose author's domain stands for it by SPF alone fails DMARC at the next server, for it comes from us then. Where that domain asks
 * for such mail to be refused or put aside, what goes on is from the address of ours that forwards, and answers go to the author.
 */
import { addressField } from "../../protocol/mime/fields/write.ts";
import { fieldValue, type Header } from "../../protocol/mime/header.ts";
import type { Findings } from "../judge/judge.ts";

/** Whether a message would fail DMARC without us, at a domain that asks for consequences. */
export function losesDmarc(findings: Findings | undefined): boolean {
  const dmarc = findings?.authentication?.dmarc;
  return dmarc?.policy !== undefined && dmarc.policy.p !== "none" && !dmarc.dkimAligned;
}

const maxAuthorChars = 1000;
const maxNameChars = 120;

/**
 * The message with another From, in the place of the first: "Anna via info@here.test" <info@here.test>. The author stays in Reply-To, where there is none
 * yet, and in X-Original-From. `header` is that of `bytes`; undefined where there is no From, or more than one.
 */
export function withOurFrom(bytes: Buffer, header: Header, address: string): Buffer | undefined {
  const [from, ...more] = header.fields.filter(({ name }) => name === "from");
  if (from === undefined || more.length > 0) return undefined;
  const value = fieldValue(header, from).replace(/\s+/g, " ").trim().slice(0, maxAuthorChars);
  // The name that people see, else the address; never an address of the author's within the name of ours but as text.
  const name = /^"?([^"<]*?)"?\s*<[^>]*>$/.exec(value)?.[1]?.trim() || value.replace(/[<>"]/g, "");
  const ours = addressField("From", [{ name: `${name.slice(0, maxNameChars)} via ${address}`, address }], true);
  const replies = header.fields.some((field) => field.name === "reply-to");
  const original = header.text.slice(from.valueStart, from.end);
  const behind = `X-Original-From:${original}${replies ? "" : `Reply-To:${original}`}`;
  // Fields keep their places: what judges said of them by number still holds.
  const last = header.fields.at(-1)!.end + header.start;
  return Buffer.concat([
    bytes.subarray(0, header.start + from.start),
    Buffer.from(ours, "utf8"),
    bytes.subarray(header.start + from.end, last),
    Buffer.from(behind, "latin1"),
    bytes.subarray(last),
  ]);
}
