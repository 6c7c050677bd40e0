/** Things that are listed, made, changed and deleted alike: what the console says about each. The API says the rest: fields, actions, who may. */
import type { IconName } from "../../ui/components/icons.ts";

export type Resource = {
  /** In the address of the page. */
  readonly id: string;
  /** Of the list in the API. */
  readonly path: string;
  readonly title: string;
  /** "account": in sentences. */
  readonly one: string;
  readonly icon: IconName;
  readonly about: string;
  readonly nothing: string;
  /** Field that names one in the API's paths. */
  readonly key: string;
  readonly columns: readonly string[];
  /** Parameters of the list that have a field above it. */
  readonly filters?: readonly string[];
  /** What making one is called. */
  readonly add?: string;
  /** Said where one is deleted. */
  readonly takes?: string;
  /** Rows have no page of their own. */
  readonly flat?: boolean;
};

export const resources: readonly Resource[] = [
  {
    id: "domains",
    path: "/domains",
    title: "Domains",
    one: "domain",
    icon: "globe",
    about: "What stands behind the @ of your addresses.",
    nothing: "No domain yet. Add the first: its page then says which DNS records to publish.",
    key: "name",
    columns: ["name", "kind", "tenant", "catchAll", "mtaSts"],
    filters: ["search"],
    add: "Add a domain",
    takes: "Its accounts, addresses and their mail go with it. It can be undone for a time.",
  },
  {
    id: "accounts",
    path: "/accounts",
    title: "Accounts",
    one: "account",
    icon: "person",
    about: "People and programs with a password and mailboxes.",
    nothing: "No account fits.",
    key: "name",
    columns: ["name", "displayName", "role", "usedBytes", "quotaBytes", "disabled"],
    filters: ["search", "domain"],
    add: "Add an account",
    takes: "Its mailboxes and addresses go with it. It can be undone for a time.",
  },
  {
    id: "audit",
    path: "/audit",
    title: "Audit log",
    one: "entry",
    icon: "list",
    about: "Every administrative act, by whatever way it was done.",
    nothing: "Nothing was done yet that fits.",
    key: "id",
    columns: ["at", "actor", "action", "target", "via", "remote", "detail"],
    filters: ["actor", "target"],
    flat: true,
  },
];

export const resourceOf = (id: string): Resource | undefined => resources.find((one) => one.id === id);
