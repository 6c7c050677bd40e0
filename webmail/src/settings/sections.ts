/** The sections of the settings, in their order; each is loaded when it is looked at. */
import type { Component } from "svelte";
import { urn } from "../jmap/types.ts";
import { session } from "../state/session.svelte.ts";
import type { Key } from "../words.ts";
import { junkWorks } from "./junk.ts";
import { sharesWork } from "./shares.ts";

export type Section = {
  readonly part: string;
  readonly label: Key;
  readonly load: () => Promise<{ readonly default: Component }>;
};

export const sections = (): readonly Section[] => [
  { part: "look", label: "settings.look", load: () => import("./Look.svelte") },
  { part: "identities", label: "settings.identities", load: () => import("./Identities.svelte") },
  { part: "vacation", label: "settings.vacation", load: () => import("./Vacation.svelte") },
  ...(session.client.has(urn.sieve)
    ? [{ part: "filters", label: "settings.filters", load: () => import("./Rules.svelte") } as const]
    : []),
  ...(junkWorks() ? [{ part: "junk", label: "settings.junk", load: () => import("./Junk.svelte") } as const] : []),
  ...(sharesWork()
    ? [{ part: "helpers", label: "settings.helpers", load: () => import("./Helpers.svelte") } as const]
    : []),
  { part: "keys", label: "settings.keys", load: () => import("./Keys.svelte") },
  { part: "notices", label: "settings.notices", load: () => import("./Notices.svelte") },
  { part: "offline", label: "settings.offline", load: () => import("./Offline.svelte") },
];

/** Where one changes one's password: the console, where the server has one. */
export const ownAccount = (): string | undefined => (session.client.has(urn.restApi) ? "/admin/#/me" : undefined);
