/** Shaping as data: which provider a domain belongs to, which limits hold there, and which rule a reply hits. */

import { type Mistake, readToml } from "../base/toml.ts";
import { keyLines } from "../base/toml-lines.ts";
import type { ReplyClass } from "./reply-class.ts";
import { type Limits, type Provider, type Rule, type ShapingNames, shapingNames, shapingSchema } from "./schema.ts";

export type Shaping = {
  readonly providers: ReadonlyMap<string, Provider>;
  /** Keys of providers by the domains that they name. */
  readonly domains: ReadonlyMap<string, string>;
  readonly rules: readonly Rule[];
};
export type LoadedShaping =
  | { readonly kind: "ok"; readonly shaping: Shaping }
  | { readonly kind: "mistakes"; readonly mistakes: readonly Mistake[] };

/** Key of everybody who is no known provider: limits and statistics are per site there. */
export const otherProvider = "other";
const defaults = "default";

/**
 * The shipped text, or one laid over `base`: of a known provider what the file says replaces what was there, one by one; rules of the same id are replaced.
 * New providers and rules come first.
 */
export function loadShaping(text: string, base?: Shaping): LoadedShaping {
  const read = readToml(text, shapingSchema);
  if (read.kind === "mistakes") {
    const names = readToml(text, shapingNames);
    const more = names.kind === "ok" ? mistakesOfNames(text, names.value, base) : [];
    return { kind: "mistakes", mistakes: byLine([...read.mistakes, ...more]) };
  }
  const mistakes = byLine([...mistakesOfNames(text, read.value, base), ...endless(text, read.value.rule)]);
  if (mistakes.length > 0) return { kind: "mistakes", mistakes };
  const given = Object.entries(read.value.provider).map(([key, one]): [string, Provider] => {
    const { title = "", mx = [], domains = [], feedback = "none", limits = {} } = base?.providers.get(key) ?? {};
    const ownTls = base !== undefined && (one.limits.tls !== undefined || base.providers.get(key)?.ownTls === true);
    return [
      key,
      {
        title: one.title ?? title,
        mx: one.mx ?? mx,
        domains: one.domains ?? domains,
        feedback: one.feedback ?? feedback,
        limits: { ...limits, ...one.limits },
        key,
        ownTls,
      },
    ];
  });
  const fresh = given.filter(([key]) => base?.providers.has(key) !== true);
  const providers = new Map([...fresh, ...(base?.providers ?? []), ...given]);
  const ours = new Set(read.value.rule.map(({ id }) => id));
  const rules = [...read.value.rule, ...(base?.rules.filter(({ id }) => !ours.has(id)) ?? [])];
  // The first that names a domain has it.
  const named = [...providers.values()].flatMap(({ key, domains }) => domains.map((one) => [one, key] as const));
  return { kind: "ok", shaping: { providers, domains: new Map(named.toReversed()), rules } };
}

const byLine = (mistakes: readonly Mistake[]): readonly Mistake[] =>
  mistakes.toSorted((a, b) => (a.line ?? 0) - (b.line ?? 0));

/** Providers that are nobody, rules that would never be hit. */
function mistakesOfNames(text: string, { provider, rule }: ShapingNames, base: Shaping | undefined): Mistake[] {
  const lineOf = keyLines(text);
  const mistakes: Mistake[] = [];
  for (const [key, { title = "", mx = [], domains = [] }] of Object.entries(provider)) {
    if (base?.providers.has(key) === true) continue;
    const say = (message: string): void => {
      mistakes.push({ line: lineOf(["provider", key]), key: `provider "${key}"`, message });
    };
    if (title === "") say("it is new, and has no title");
    if (isEmpty(mx) && isEmpty(domains) && key !== defaults && key !== otherProvider)
      say('it is new, and no domain would ever be its: name the endings of its MX hosts, mx = [".example.net"]');
  }
  const seen = new Set<string>();
  for (const [index, one] of rule.entries()) {
    const { id } = one;
    const say = (field: string, message: string): void => {
      mistakes.push({ line: lineOf(["rule", index, field]), key: `rule "${id ?? index}"`, message });
    };
    for (const key of providersOf(one))
      if (!Object.hasOwn(provider, key) && base?.providers.has(key) !== true)
        say("provider", `there is no provider "${key}": this rule would never be hit`);
    if (id === undefined) continue;
    if (seen.has(id)) say("id", "there are two rules of this name");
    seen.add(id);
  }
  return mistakes;
}

const isEmpty = (list: unknown): boolean => Array.isArray(list) && list.length === 0;

/** Limits that would never be taken back. */
function endless(text: string, rules: readonly Rule[]): Mistake[] {
  const lineOf = keyLines(text);
  return rules.flatMap(({ id, reaction }, index) =>
    reaction
      .filter(
        (one) =>
          one.for === undefined && (one.slow ?? one.rate ?? one.connections ?? one.messagesPerConnection) !== undefined,
      )
      .map(() => ({
        line: lineOf(["rule", index, "reaction"]),
        key: `rule "${id}"`,
        message: 'a limit needs an end: add for = "1h"',
      })),
  );
}

function providersOf({ provider }: Pick<Rule, "provider">): readonly string[] {
  return provider === undefined ? [] : typeof provider === "string" ? [provider] : provider;
}

/**
 * The provider of a domain: all its MX hosts (lower case, no trailing dot) end as the provider's do. Without hosts (they
 * could not be looked up) the domain's name decides.
 */
export function providerOf(shaping: Shaping, domain: string, hosts: readonly string[]): string {
  if (hosts.length === 0) return shaping.domains.get(domain) ?? otherProvider;
  for (const provider of shaping.providers.values())
    if (hosts.every((host) => provider.mx.some((suffix) => host.endsWith(suffix) || host === suffix.slice(1))))
      return provider.key;
  return otherProvider;
}

/** The limits of a provider, with the defaults where it says nothing. */
export function limitsOf(shaping: Shaping, provider: string): Limits {
  return { ...shaping.providers.get(defaults)?.limits, ...shaping.providers.get(provider)?.limits };
}

/**
 * What a way to a provider has to keep to. `inside`: all its hosts are in our own network, which no public provider is: only the
 * administrator's own file asks for TLS there.
 */
export function wayTo(shaping: Shaping, provider: string, inside: boolean) {
  const { tls, perDomainPerSecond } = limitsOf(shaping, provider);
  const believed = !inside || shaping.providers.get(provider)?.ownTls === true;
  return { key: provider, tlsRequired: believed && tls === "required", byDomain: perDomainPerSecond !== undefined };
}

export type Classified = { readonly class: ReplyClass; readonly rule: Rule | undefined };

/** Replies are looked at up to this length: a rule's text stands at the beginning, and a pattern's work stays bounded. */
const maxReplyLength = 1000;

/** The first rule whose provider and text fit. `text` is `CODE ENHANCED words`, lines joined with blanks. */
export function classifyReply(shaping: Shaping, provider: string, text: string): Classified {
  const looked = text.slice(0, maxReplyLength).replace(/\s+/g, " ");
  for (const rule of shaping.rules) {
    const providers = providersOf(rule);
    if (providers.length > 0 && !providers.includes(provider)) continue;
    if (rule.reply.test(looked)) return { class: rule.class, rule };
  }
  return { class: "unknown", rule: undefined };
}
