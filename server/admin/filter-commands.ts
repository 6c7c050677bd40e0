/** Commands that tune the spam filter: thresholds for domains and people, whom they allow and block, weights of rules. */

import type { Preferences } from "../judge/content/people.ts";
import { filterPrefixes } from "../judge/content/preference-keys.ts";
import { beyondRules } from "../judge/content/rules/beyond-rules.ts";
import { allRules } from "../judge/content/rules/judge-rules.ts";
import type { Store } from "../store/store.ts";
import { type Arguments, type Command, command, done, no } from "./command.ts";

const target = {
  type: "text",
  placed: true,
  required: true,
  help: "an account (ann@example.org), a domain (example.org) or a tenant (acme)",
} as const;
const thresholds = {
  junk: { type: "number", help: "percent of probability from which mail goes into Junk; 0: never" },
  quarantine: { type: "number", help: "the same for keeping it back" },
  refuse: { type: "number", help: "the same for refusing it" },
} as const satisfies Arguments;
const maxListed = 1000;

async function keyOf(store: Store, name: string): Promise<string | undefined> {
  const wanted = name.toLowerCase();
  if (!wanted.includes("@")) {
    if ((await store.domains()).some((domain) => domain.name === wanted)) return filterPrefixes.domain + wanted;
    const tenant = (await store.tenants()).find((one) => one.name === wanted);
    return tenant === undefined ? undefined : filterPrefixes.tenant + tenant.id;
  }
  const account = (await store.accounts({ name: wanted }))[0];
  return account === undefined ? undefined : filterPrefixes.account + account.id;
}

const nobody = (name: string): string =>
  `There is no account, no domain and no tenant "${name}" here. See them: angarium account list, angarium domain list`;

async function change(
  store: Store,
  name: string,
  edit: (before: Preferences) => Preferences,
): Promise<Preferences | undefined> {
  const key = await keyOf(store, name);
  if (key === undefined) return undefined;
  const after = edit(((await store.setting(key)) as Preferences | undefined) ?? {});
  await store.putSetting(key, Object.keys(after).length === 0 ? undefined : after);
  return after;
}

const listCommand = (kind: "allow" | "block", help: string): Command =>
  command(
    `filter ${kind}`,
    help,
    {
      target,
      senders: { type: "list", placed: true, help: "addresses or domains of senders" },
      remove: { type: "flag", help: "take them off the list instead" },
    },
    async ({ target: name, senders, remove }, { store }) => {
      const given = (senders ?? []).map((one) => one.toLowerCase());
      const wrong = given.find((one) => !/^(?:[^\s@]+@)?[^\s@]+\.[^\s@]+$/.test(one));
      if (wrong !== undefined) return no(`"${wrong}" is neither an address nor a domain.`);
      let tooMany = false;
      const after = await change(store, name, (before) => {
        const list = new Set(before[kind] ?? []);
        for (const one of given) remove ? list.delete(one) : list.add(one);
        tooMany = list.size > maxListed;
        return tooMany ? before : { ...before, [kind]: [...list] };
      });
      if (after === undefined) return no(nobody(name));
      if (tooMany) return no(`A list holds ${maxListed} senders at most.`);
      return done({ target: name, [kind]: after[kind] ?? [] });
    },
  );

export const filterCommands: readonly Command[] = [
  command(
    "filter set",
    "Sets from which probability on mail is junk, kept back or refused.",
    { target, ...thresholds },
    async (given, { store }) => {
      const wanted: { [name: string]: number } = {};
      for (const name of ["junk", "quarantine", "refuse"] as const) {
        const percent = given[name];
        if (percent === undefined) continue;
        if (percent < 0 || percent > 100) return no(`--${name} is a percentage: 0 to 100.`);
        wanted[name] = percent === 0 ? 2 : percent / 100;
      }
      const after = await change(store, given.target, (before) => ({ ...before, ...wanted }));
      return after === undefined ? no(nobody(given.target)) : done(shown(given.target, after));
    },
  ),
  command(
    "filter show",
    "Shows what is set for an account, a domain or a tenant.",
    { target },
    async ({ target: name }, { store }) => {
      const key = await keyOf(store, name);
      if (key === undefined) return no(nobody(name));
      return done(shown(name, ((await store.setting(key)) as Preferences | undefined) ?? {}));
    },
  ),
  listCommand("allow", "Mail of these senders never goes into Junk, if it is really theirs."),
  listCommand("block", "Mail of these senders always goes into Junk."),
  command(
    "filter forget",
    "Forgets what a person taught the filter.",
    { target },
    async ({ target: name }, { store, forgetLessons }) => {
      const account = (await store.accounts({ name: name.toLowerCase() }))[0];
      if (account === undefined) return no(`There is no account "${name}". See them: angarium account list`);
      await (forgetLessons?.(account.id) ?? store.putSetting(filterPrefixes.lessons + account.id, undefined));
      return done({ forgotten: name });
    },
  ),
  command("filter rules", "Lists the rules with their weights and what they mean.", {}, async (_, { store }) => {
    const changed =
      ((await store.setting(filterPrefixes.rules)) as { readonly [name: string]: number } | undefined) ?? {};
    return done(
      everyRule.map(({ name, weight, sentence }) => ({
        rule: name,
        weight: changed[name] ?? weight,
        meaning: sentence,
      })),
    );
  }),
  command(
    "filter rule",
    "Changes the weight of a rule; 0 turns it off, no weight gives it back its own.",
    {
      rule: { type: "text", placed: true, required: true, help: "its name, as angarium filter rules shows it" },
      weight: { type: "text", placed: true, help: "a number between -20 and 20; positive speaks for spam" },
    },
    async ({ rule, weight }, { store }) => {
      const known = everyRule.find(({ name }) => name === rule);
      if (known === undefined) return no(`There is no rule "${rule}". See them all: angarium filter rules`);
      const changed = {
        ...((await store.setting(filterPrefixes.rules)) as { readonly [name: string]: number } | undefined),
      };
      if (weight === undefined) delete changed[rule];
      else {
        const value = Number(weight);
        if (weight.trim() === "" || !(Math.abs(value) <= 20))
          return no(`"${weight}" is no weight: write a number between -20 and 20.`);
        changed[rule] = value;
      }
      await store.putSetting(filterPrefixes.rules, Object.keys(changed).length === 0 ? undefined : changed);
      return done({ rule, weight: changed[rule] ?? known.weight, meaning: known.sentence });
    },
  ),
];

const everyRule = [...allRules, ...Object.values(beyondRules)];

const percent = (share: number | undefined): number | undefined =>
  share === undefined ? undefined : share > 1 ? 0 : Math.round(share * 1000) / 10;

const shown = (name: string, { junk, quarantine, refuse, allow, block }: Preferences) => ({
  target: name,
  junkPercent: percent(junk),
  quarantinePercent: percent(quarantine),
  refusePercent: percent(refuse),
  allow: allow ?? [],
  block: block ?? [],
});
