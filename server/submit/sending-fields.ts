/** What a submission asks of sending at volume in its header (docs/sending.md): read, and taken out before anything is signed. */
import { fieldValue, type Header } from "../../protocol/mime/header.ts";
import type { SendingWish } from "../dispatch/sender.ts";

const prefix = "x-angarium-";
const known = [
  "x-angarium-stream",
  "x-angarium-campaign",
  "x-angarium-list",
  "x-angarium-engaged",
  "x-angarium-tracking",
] as const;

export function wishOf(header: Header): SendingWish {
  const found: { [name: string]: string } = {};
  for (const field of header.fields)
    if (field.name.startsWith(prefix)) found[field.name] ??= fieldValue(header, field).trim();
  const [stream, campaign, list, engaged = "", tracking] = known.map((name) => found[name]);
  return {
    stream,
    campaign,
    list,
    ...(/^\d{1,4}$/.test(engaged) ? { engagedDays: Number(engaged) } : {}),
    ...(tracking === undefined ? {} : { tracking: trackingIn(tracking) }),
  };
}

/** "opens", "clicks", both, or neither ("none"). */
function trackingIn(text: string): NonNullable<SendingWish["tracking"]> {
  const words = new Set(text.toLowerCase().split(/[\s,]+/));
  return { opens: words.has("opens") || words.has("both"), clicks: words.has("clicks") || words.has("both") };
}

/** All fields of ours, by name: nobody else may set them. */
export function ownFields(header: Header): readonly string[] {
  let names: Set<string> | undefined;
  for (const { name } of header.fields) if (name.startsWith(prefix)) (names ??= new Set()).add(name);
  return names === undefined ? [] : [...names];
}
