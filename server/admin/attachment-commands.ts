/** What is done with dangerous attachments: the server's policy is in its configuration, a domain's is here. */
import { type Danger, dangers } from "../judge/attachments/finding.ts";
import { actions, domainPolicySetting, isAction, isDanger } from "../judge/attachments/policy.ts";
import { type Command, command, done, no } from "./command.ts";
import { badDomain, findDomain, noDomain, readDomain } from "./names.ts";

const domain = { type: "text", placed: true, required: true, help: "the domain of the recipients" } as const;

export const attachmentCommands: readonly Command[] = [
  command(
    "attachments show",
    "What a domain does differently with dangerous attachments.",
    { domain },
    async (given, { store }) => {
      const name = readDomain(given.domain);
      if (name === undefined) return badDomain(given.domain);
      return done((await store.setting(domainPolicySetting(name))) ?? {});
    },
  ),
  command(
    "attachments set",
    `What a domain does with mail by what its attachments are: ${actions.join(", ")}; or "default" for what the server does.`,
    {
      domain,
      danger: {
        type: "text",
        placed: true,
        required: true,
        choices: Object.keys(dangers),
        help: "what the attachment is",
      },
      action: { type: "text", placed: true, required: true, choices: [...actions, "default"], help: "what is done" },
    },
    async ({ domain: typed, danger, action }, { store }) => {
      const name = readDomain(typed);
      if (name === undefined) return badDomain(typed);
      if ((await findDomain(store, name)) === undefined) return noDomain(name);
      if (!isDanger(danger)) return no(`There is no danger "${danger}".`);
      const key = domainPolicySetting(name);
      const former = ((await store.setting(key)) ?? {}) as { readonly [D in Danger]?: string };
      const next = Object.fromEntries(
        Object.entries({ ...former, [danger]: action }).filter(([, value]) => isAction(value)),
      );
      await store.putSetting(key, Object.keys(next).length === 0 ? undefined : next);
      return done(next);
    },
  ),
];
