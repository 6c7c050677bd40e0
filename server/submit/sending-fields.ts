/** What a submission asks of sending at volume in its header (docs/sending.md): read, and taken out before anything is signed. */
import { fieldValue, type Header, headerValue } from "../../protocol/mime/header.ts";
import { type Reply, reply } from "../../protocol/smtp/reply.ts";
import { maxDelayMs, noWish, type SendingWish } from "../dispatch/sender.ts";
import { maxKeyChars } from "../inject/requests.ts";
import type { Instant } from "../store/store.ts";

const prefix = "x-angarium-";
const known = [
  "x-angarium-stream",
  "x-angarium-campaign",
  "x-angarium-list",
  "x-angarium-engaged",
  "x-angarium-tracking",
  "x-angarium-tag",
] as const;
const maxTags = 20;

export function wishOf(header: Header): SendingWish {
  let found: { [name: string]: string } | undefined;
  for (const field of header.fields)
    if (field.name.startsWith(prefix)) (found ??= {})[field.name] ??= fieldValue(header, field).trim();
  if (found === undefined) return noWish;
  const [stream, campaign, list, engaged = "", tracking, tag] = known.map((name) => found?.[name]);
  return {
    stream,
    campaign,
    list,
    ...(/^\d{1,4}$/.test(engaged) ? { engagedDays: Number(engaged) } : {}),
    ...(tracking === undefined ? {} : { tracking: trackingIn(tracking) }),
    ...(tag === undefined ? {} : { tags: tagsIn(tag) }),
  };
}

/** "order, kind:shoes": a name by itself, or with a value. */
function tagsIn(text: string): NonNullable<SendingWish["tags"]> {
  const tags = text.split(",").map((one) => one.trim().slice(0, 256));
  return Object.fromEntries(
    tags
      .filter((one) => one !== "")
      .slice(0, maxTags)
      .map((one): [string, string | boolean] => {
        const colon = one.indexOf(":");
        return colon <= 0 ? [one, true] : [one.slice(0, colon).trim(), one.slice(colon + 1).trim()];
      }),
  );
}

/** When it is to go and under which key it is sent once, as `X-Angarium-Schedule` and `-Idempotency-Key` say; or what is wrong with them. */
export function handlingOf(
  header: Header,
  at: Instant,
): { readonly notBefore: Instant | undefined; readonly key: string | undefined } | Reply {
  const key = headerValue(header, "x-angarium-idempotency-key");
  if (key !== undefined && (!/^[\x21-\x7e]+$/.test(key) || key.length > maxKeyChars))
    return reply(550, "5.6.0", `X-Angarium-Idempotency-Key has 1 to ${maxKeyChars} printable characters`);
  const schedule = headerValue(header, "x-angarium-schedule");
  if (schedule === undefined) return { notBefore: undefined, key };
  const wanted = /^\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:\d\d)$/i.test(schedule)
    ? Date.parse(schedule)
    : Number.NaN;
  if (Number.isNaN(wanted))
    return reply(550, "5.6.0", "X-Angarium-Schedule is a time with its zone, like 2026-12-24T18:00:00+01:00");
  if (wanted > at + maxDelayMs) return reply(550, "5.6.0", "X-Angarium-Schedule: mail can wait for 30 days at most");
  return { notBefore: wanted, key };
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
