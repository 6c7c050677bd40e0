/** What a submission asks of sending at volume in its header (docs/sending.md): read, and taken out before anything is signed. */
import { fieldValue, type Header } from "../../protocol/mime/header.ts";
import type { SendingWish } from "../dispatch/sender.ts";

const prefix = "x-angarium-";
const known = ["x-angarium-stream", "x-angarium-campaign", "x-angarium-list", "x-angarium-engaged"] as const;

export function wishOf(header: Header): SendingWish {
  const found: { [name: string]: string } = {};
  for (const field of header.fields)
    if (field.name.startsWith(prefix)) found[field.name] ??= fieldValue(header, field).trim();
  const [stream, campaign, list, engaged = ""] = known.map((name) => found[name]);
  return { stream, campaign, list, ...(/^\d{1,4}$/.test(engaged) ? { engagedDays: Number(engaged) } : {}) };
}

/** All fields of ours, by name: nobody else may set them. */
export function ownFields(header: Header): readonly string[] {
  let names: Set<string> | undefined;
  for (const { name } of header.fields) if (name.startsWith(prefix)) (names ??= new Set()).add(name);
  return names === undefined ? [] : [...names];
}
