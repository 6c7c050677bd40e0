/** The pages of the console, in the order of the menu. A page is there when the API has what it shows and this person may ask for it. */
import type { Component } from "svelte";
import type { IconName } from "../../ui/components/icons.ts";
import { resources } from "./resources.ts";

// biome-ignore lint/suspicious/noExplicitAny: pages differ in what they take.
type Loads = () => Promise<{ readonly default: Component<any> }>;

export type View = {
  /** First part of the address; "" is the dashboard. */
  readonly id: string;
  readonly title: string;
  readonly icon: IconName;
  readonly group: "" | "Mail" | "Hosting" | "Sending" | "Security" | "Server" | "You";
  /** A request of the API that it lives of. */
  readonly needs: readonly [method: string, path: string];
  readonly load: Loads;
  /** Of one thing below it; undefined: the same page. */
  readonly one?: Loads;
};

const groups: { readonly [id: string]: View["group"] } = { audit: "Security" };
const ones: { readonly [id: string]: Loads } = {};

const listed = (id: string): View[] =>
  resources
    .filter((one) => one.id === id)
    .map(({ title, icon, path }) => ({
      id,
      title,
      icon,
      group: groups[id] ?? "Hosting",
      needs: ["GET", path],
      load: () => import("./views/Resources.svelte"),
      one: ones[id] ?? (() => import("./views/Resource.svelte")),
    }));

export const views: readonly View[] = [
  {
    id: "",
    title: "Overview",
    icon: "info",
    group: "",
    needs: ["GET", "/me"],
    load: () => import("./views/Overview.svelte"),
  },
  ...listed("domains"),
  ...listed("accounts"),
  ...listed("audit"),
  {
    id: "reference",
    title: "API reference",
    icon: "code",
    group: "Server",
    needs: ["GET", "/me"],
    load: () => import("./views/Reference.svelte"),
  },
];
