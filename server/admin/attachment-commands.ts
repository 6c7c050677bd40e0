/** What is done with dangerous attachments: the server's policy is in its configuration, a domain's and a tenant's are here. */
import { type Danger, dangers } from "../judge/attachments/finding.ts";
import { actions, isAction, isDanger, policyPrefixes } from "../judge/attachments/policy.ts";
import type { Store } from "../store/store.ts";
import { type Command, command, done, no } from "./command.ts";
import { findDomain, readDomain } from "./names.ts";

const target = {
  type: "text",
  placed: true,
  required: true,
  help: "the domain of the recipients (example.org), or a tenant (acme) for all its domains",
} as const;

/** Where the policy of a domain or a tenant is kept; undefined where there is neither. */
async function policyKey(target: string, store: Pick<Store, "tenants" | "domains">): Promise<string | undefined> {
  const name = readDomain(target);
  if (name !== undefined && (await findDomain(store, name)) !== undefined) return policyPrefixes.domain + name;
  const tenant = (await store.tenants()).find((one) => one.name === target.trim().toLowerCase());
  return tenant === undefined ? undefined : policyPrefixes.tenant + tenant.id;
}

const nobody = (name: string) =>
  no(`There is no domain and no tenant "${name}" here. See them: angarium domain list, angarium tenant list`);

export const attachmentCommands: readonly Command[] = [
  command(
    "attachments show",
    "What a domain or a tenant does differently with dangerous attachments.",
    { target },
    async ({ target: name }, { store }) => {
      const key = await policyKey(name, store);
      return key === undefined ? nobody(name) : done((await store.setting(key)) ?? {});
    },
  ),
  command(
    "attachments set",
    `What a domain or a tenant does with mail by what its attachments are: ${actions.join(", ")}; or "default" for what the tenant or the server does.`,
    {
      target,
      danger: {
        type: "text",
        placed: true,
        required: true,
        choices: Object.keys(dangers),
        help: "what the attachment is",
      },
      action: { type: "text", placed: true, required: true, choices: [...actions, "default"], help: "what is done" },
    },
    async ({ target: name, danger, action }, { store }) => {
      const key = await policyKey(name, store);
      if (key === undefined) return nobody(name);
      if (!isDanger(danger)) return no(`There is no danger "${danger}".`);
      const former = ((await store.setting(key)) ?? {}) as { readonly [D in Danger]?: string };
      const next = Object.fromEntries(
        Object.entries({ ...former, [danger]: action }).filter(([, value]) => isAction(value)),
      );
      await store.putSetting(key, Object.keys(next).length === 0 ? undefined : next);
      return done(next);
    },
  ),
];
