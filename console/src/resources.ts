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
    id: "groups",
    path: "/groups",
    title: "Groups",
    one: "group",
    icon: "group",
    about: "An address whose mail goes to several people.",
    nothing: "No group yet.",
    key: "address",
    columns: ["address", "displayName", "members", "description"],
    filters: ["search", "domain"],
    add: "Add a group",
    takes: "Its members stay; mail to the address is refused from then on.",
  },
  {
    id: "aliases",
    path: "/aliases",
    title: "Aliases",
    one: "alias",
    icon: "forward",
    about: "Other addresses of an account, and addresses whose mail goes on elsewhere.",
    nothing: "No alias yet.",
    key: "address",
    columns: ["address", "targets", "senders"],
    filters: ["search", "domain"],
    add: "Add an alias",
    takes: "Mail to it is refused from then on.",
  },
  {
    id: "masked-addresses",
    path: "/masked-addresses",
    title: "Masked addresses",
    one: "masked address",
    icon: "eye",
    about: "Addresses that are given to one shop or list each: who passes it on is seen, and switched off.",
    nothing: "No masked address yet.",
    key: "address",
    columns: ["address", "label", "off", "createdAt"],
    filters: ["account"],
    add: "Make a masked address",
    takes: "Mail to it is refused from then on.",
  },
  {
    id: "tenants",
    path: "/tenants",
    title: "Tenants",
    one: "tenant",
    icon: "folder",
    about: "Organisations that own domains here and see nothing of each other.",
    nothing: "No tenant yet: all domains belong to the platform.",
    key: "name",
    columns: ["name", "displayName", "createdAt"],
    filters: ["search"],
    add: "Add a tenant",
    takes: "Its domains, accounts and their mail go with it. It can be undone for a time.",
  },
  {
    id: "administrators",
    path: "/administrators",
    title: "Administrators",
    one: "administrator",
    icon: "key",
    about: "Who may change what, beyond their own account.",
    nothing: "Nobody yet but the administrators of the platform.",
    key: "account",
    columns: ["account", "role", "tenant", "domain"],
    add: "Make somebody an administrator",
    flat: true,
  },
  {
    id: "queue",
    path: "/queue",
    title: "Queue",
    one: "message",
    icon: "clock",
    about: "Mail on its way out that waits, and what each attempt was answered.",
    nothing: "Nothing waits.",
    key: "id",
    columns: ["id", "from", "recipients", "sizeBytes", "createdAt", "expiresAt"],
    filters: ["state", "domain", "sender", "recipient"],
    takes: "It is removed, and nobody is told. To tell the sender, bounce it.",
  },
  {
    id: "quarantine",
    path: "/quarantine",
    title: "Quarantine",
    one: "message",
    icon: "shield",
    about: "Mail that was kept back because it looked dangerous.",
    nothing: "Nothing is kept back.",
    key: "id",
    columns: ["subject", "from", "account", "reasons", "at", "expiresAt"],
    filters: ["account"],
    takes: "It is gone for ever then.",
  },
  {
    id: "bans",
    path: "/bans",
    title: "Bans",
    one: "ban",
    icon: "junk",
    about: "Who may not connect for a while, and why.",
    nothing: "Nobody is banned.",
    key: "address",
    columns: ["address", "why", "by", "at", "until"],
    add: "Ban an address",
    takes: "It may connect again at once.",
    flat: true,
  },
  {
    id: "deletions",
    path: "/deletions",
    title: "Deleted",
    one: "deletion",
    icon: "trash",
    about: "What was deleted, and can still come back.",
    nothing: "Nothing that was deleted can come back.",
    key: "id",
    columns: ["name", "kind", "takes", "by", "at", "purgeAt"],
    takes: "It is gone for ever then, and nothing brings it back.",
  },
  {
    id: "certificates",
    path: "/certificates",
    title: "Certificates",
    one: "certificate",
    icon: "lock",
    about: "What this server proves its name with. They are renewed by themselves where ACME is set up.",
    nothing: "No certificate.",
    key: "file",
    columns: ["names", "validTo", "daysLeft", "file"],
    flat: true,
  },
  {
    id: "backups",
    path: "/backups",
    title: "Backups",
    one: "backup",
    icon: "download",
    about: "Copies of everything, made while the server runs. Move them to another machine.",
    nothing: "No backup yet.",
    key: "name",
    columns: ["name", "at", "state", "bytes", "problem"],
    add: "Make a backup",
    takes: "The copy is gone then.",
    flat: true,
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
