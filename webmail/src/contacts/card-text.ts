/** What a card says, as people write it. */
import type { Card, Component, PartialDate } from "./card.ts";

/** Title, role and nicknames: the line below the name. */
export const aboutOf = ({ titles, nicknames }: Pick<Card, "titles" | "nicknames">): string =>
  [...Object.values(titles ?? {}), ...Object.values(nicknames ?? {})].map(({ name }) => name).join(" · ");

/** A picture that is in the card itself: none of elsewhere is ever asked for. */
export const photoOf = ({ media }: Pick<Card, "media">): string | undefined =>
  Object.values(media ?? {}).find(
    ({ kind, uri }) => kind === "photo" && /^data:image\/(?:png|jpeg|gif|webp);base64,/.test(uri),
  )?.uri;

/** An address, on its lines. */
export function placeOf({
  full,
  components = [],
}: {
  readonly full?: string;
  readonly components?: readonly Component[];
}): string {
  if (full !== undefined) return full;
  const of = (...kinds: readonly string[]) =>
    components
      .filter(({ kind }) => kinds.includes(kind))
      .map(({ value }) => value)
      .join(" ");
  return [
    of("postOfficeBox", "apartment"),
    of("name", "number"),
    of("postcode", "locality"),
    of("region"),
    of("country"),
  ]
    .filter(Boolean)
    .join("\n");
}

export function dayText(date: PartialDate | { readonly utc: string }, language: string): string {
  if ("utc" in date)
    return new Intl.DateTimeFormat(language, { dateStyle: "long", timeZone: "UTC" }).format(new Date(date.utc));
  const { year, month, day } = date;
  return new Intl.DateTimeFormat(language, {
    ...(year === undefined ? {} : { year: "numeric" }),
    ...(month === undefined ? {} : { month: "long" }),
    ...(day === undefined ? {} : { day: "numeric" }),
    timeZone: "UTC",
  }).format(new Date(Date.UTC(year ?? 2000, (month ?? 1) - 1, day ?? 1)));
}
