/** A store that nothing leaves from: a copy of it may be at work elsewhere, and does the same once more otherwise. */
import type { Instant } from "./store.ts";

export const withheldSetting = "outgoing.withheld";

export type Withheld = { readonly since: Instant; readonly why: string };

/** Of the setting's value; undefined: all goes. */
export function withheldOf(value: unknown): Withheld | undefined {
  const { since, why } = (value ?? {}) as Partial<Withheld>;
  return typeof since === "number" && typeof why === "string" ? { since, why } : undefined;
}

/** For administrators. */
export const withheldWords = ({ since, why }: Withheld): string =>
  `Nothing leaves this server since ${new Date(since).toISOString().slice(0, 16).replace("T", " ")} UTC: ${why}. Let it go: angarium outgoing release`;
