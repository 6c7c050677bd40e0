/** Emails that programs have handed over, among journeys: whose they are, and how they were labelled. Pure. */
import type { ProgramQuery } from "./hosting.ts";
import type { JourneyEntry } from "./store.ts";

type Detail = JourneyEntry["detail"];

/** Whether the head of a journey is that of an email: one of the API, or a tenant's by whatever way. */
export const isEmail = ({ via, tenant }: Detail): boolean => via === "API" || typeof tenant === "string";

/** Who handed it over, and the domain whose people's it is: what a trusted network hands over is its author's domain's. */
export function ownerOf({ account, author }: Detail): { readonly account: string; readonly domain: string } {
  const name = typeof account === "string" ? account : "";
  return { account: name, domain: name === "" ? String(author ?? "") : name.slice(name.lastIndexOf("@") + 1) };
}

/** Whether the head of a journey is that of an email that is asked for. */
export function emailWantedBy(query: ProgramQuery): (detail: Detail) => boolean {
  const { by, stream, campaign } = query;
  const [from, recipient, tag] = [query.from, query.recipient, query.tag].map((text) => text?.toLowerCase());
  const account = by !== undefined && "account" in by ? by.account.toLowerCase() : undefined;
  const domains = by !== undefined && "domains" in by ? new Set(by.domains) : undefined;
  const tenants = by !== undefined && "domains" in by ? new Set(by.tenants) : undefined;
  return (detail) => {
    if (!isEmail(detail)) return false;
    const owner = ownerOf(detail);
    if (account !== undefined && owner.account.toLowerCase() !== account) return false;
    const isTheirs = domains?.has(owner.domain.toLowerCase()) || tenants?.has(textOf(detail["tenant"]));
    if (domains !== undefined && isTheirs !== true) return false;
    if (from !== undefined && textOf(detail["from"]) !== from) return false;
    if (stream !== undefined && detail["stream"] !== stream) return false;
    if (campaign !== undefined && detail["campaign"] !== campaign) return false;
    const about = (detail["about"] ?? {}) as Detail;
    if (recipient !== undefined && !recipientsOf(detail, about).includes(recipient)) return false;
    return tag === undefined || tagsOf(about["tags"]).includes(tag);
  };
}

const textOf = (value: unknown): string => (typeof value === "string" ? value.toLowerCase() : "");

/** Those that it was not sent to because they are suppressed are recipients all the same. */
function recipientsOf({ to }: Detail, { suppressed }: Detail): readonly string[] {
  const left = Array.isArray(suppressed) ? suppressed.map((one: { readonly address?: unknown }) => one.address) : [];
  return [...(Array.isArray(to) ? to : []), ...left].map(textOf);
}

/** Tags are `{name: value}`, `["name"]` or `[{name, value}]`; each answers to "name" and "name:value". */
function tagsOf(tags: unknown): readonly string[] {
  const pairs: readonly (readonly [name: unknown, value: unknown])[] = Array.isArray(tags)
    ? tags.map((one) => (typeof one === "string" ? [one, undefined] : [one?.name, one?.value]))
    : Object.entries(tags ?? {});
  return pairs.flatMap(([name, value]) =>
    value === undefined ? [textOf(name)] : [textOf(name), `${textOf(name)}:${String(value).toLowerCase()}`],
  );
}
