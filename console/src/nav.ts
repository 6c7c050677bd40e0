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

const groups: { readonly [id: string]: View["group"] } = {
  audit: "Security",
  bans: "Security",
  administrators: "Security",
  queue: "Mail",
  quarantine: "Mail",
  "stopped-senders": "Mail",
  deletions: "Server",
  certificates: "Server",
  backups: "Server",
  sources: "Sending",
  seeds: "Sending",
  "seed-probes": "Sending",
  pools: "Sending",
  streams: "Sending",
  "sending-tenants": "Sending",
  "sending-domains": "Sending",
  campaigns: "Sending",
  suppressions: "Sending",
  templates: "Sending",
  emails: "Sending",
  webhooks: "Sending",
  events: "Sending",
  abuse: "Sending",
  strikes: "Sending",
};
const ones: { readonly [id: string]: Loads } = {
  domains: () => import("./views/Domain.svelte"),
  accounts: () => import("./views/Account.svelte"),
  lists: () => import("./views/MailingList.svelte"),
  tenants: () => import("./views/Tenant.svelte"),
  abuse: () => import("./views/Ticket.svelte"),
};

const lists: { readonly [id: string]: Loads } = {
  accounts: () => import("./views/Accounts.svelte"),
  exports: () => import("./views/Exports.svelte"),
};

const listed = (id: string): View[] =>
  resources
    .filter((one) => one.id === id)
    .map(({ title, icon, path }) => ({
      id,
      title,
      icon,
      group: groups[id] ?? "Hosting",
      needs: ["GET", path],
      load: lists[id] ?? (() => import("./views/Resources.svelte")),
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
  {
    id: "mail",
    title: "Where is my mail?",
    icon: "search",
    group: "Mail",
    needs: ["GET", "/journeys"],
    load: () => import("./views/Mail.svelte"),
    one: () => import("./views/Journey.svelte"),
  },
  ...["queue", "quarantine", "stopped-senders"].flatMap(listed),
  {
    id: "reports",
    title: "Reports",
    icon: "chart",
    group: "Mail",
    needs: ["GET", "/domains/{domain}/reports/dmarc"],
    load: () => import("./views/ReportsList.svelte"),
    one: () => import("./views/Reports.svelte"),
  },
  ...[
    "domains",
    "accounts",
    "invitations",
    "groups",
    "lists",
    "aliases",
    "masked-addresses",
    "exports",
    "tenants",
  ].flatMap(listed),
  {
    id: "your-sending",
    title: "Your sending",
    icon: "send",
    group: "Sending",
    needs: ["GET", "/sending/own"],
    load: () => import("./views/OwnSending.svelte"),
  },
  {
    id: "sending",
    title: "Sending",
    icon: "send",
    group: "Sending",
    needs: ["GET", "/sending/warmups"],
    load: () => import("./views/Sending.svelte"),
  },
  {
    id: "requirements",
    title: "Requirements",
    icon: "check",
    group: "Sending",
    needs: ["GET", "/sending/requirements/{domain}"],
    load: () => import("./views/RequirementsList.svelte"),
    one: () => import("./views/Requirements.svelte"),
  },
  ...["abuse", "strikes", "emails", "templates", "campaigns", "suppressions", "events", "webhooks"].flatMap(listed),
  ...["sources", "pools", "streams", "sending-tenants", "sending-domains", "seeds", "seed-probes"].flatMap(listed),
  {
    id: "sign-in",
    title: "Signing in",
    icon: "lock",
    group: "Security",
    needs: ["GET", "/sign-in"],
    load: () => import("./views/SignIn.svelte"),
  },
  ...["bans", "administrators", "audit", "certificates", "backups", "deletions"].flatMap(listed),
  {
    id: "settings",
    title: "Settings",
    icon: "settings",
    group: "Server",
    needs: ["GET", "/settings"],
    load: () => import("./views/Settings.svelte"),
  },
  {
    id: "start",
    title: "Set up a domain",
    icon: "plus",
    group: "Hosting",
    needs: ["POST", "/domains"],
    load: () => import("./views/Wizard.svelte"),
  },
  {
    id: "reference",
    title: "API reference",
    icon: "code",
    group: "Server",
    needs: ["GET", "/me"],
    load: () => import("./views/Reference.svelte"),
  },
  {
    id: "me",
    title: "My account",
    icon: "person",
    group: "You",
    needs: ["GET", "/accounts/{account}"],
    load: () => import("./views/Me.svelte"),
  },
];
