/** SPF records as values (RFC 7208 §4.5, §4.6, §5, §6, §12). */
import { parseIp4, parseIp6 } from "../ip.ts";
import { type MacroString, parseDomainSpec, parseMacros } from "./macro.ts";

export type Qualifier = "pass" | "fail" | "softfail" | "neutral";

export type Mechanism = { readonly qualifier: Qualifier; readonly text: string } & (
  | { readonly name: "all" }
  | { readonly name: "include" | "exists"; readonly domain: MacroString }
  /** `domain` undefined: the current one. */
  | {
      readonly name: "a" | "mx";
      readonly domain: MacroString | undefined;
      readonly bits4: number;
      readonly bits6: number;
    }
  | { readonly name: "ptr"; readonly domain: MacroString | undefined }
  | { readonly name: "ip4" | "ip6"; readonly address: Uint8Array; readonly bits: number }
);

export type SpfRecord = {
  readonly mechanisms: readonly Mechanism[];
  readonly redirect: MacroString | undefined;
  readonly explanation: MacroString | undefined;
};

/** Longest record that is read, in characters. */
export const maxRecordChars = 16_384;

const qualifiers: { readonly [char: string]: Qualifier } = {
  "+": "pass",
  "-": "fail",
  "~": "softfail",
  "?": "neutral",
};

/** RFC 7208 §4.5: whether a TXT record is an SPF record. */
export function isSpf(text: string): boolean {
  return /^v=spf1(?: |$)/i.test(text);
}

/** A record, or what is wrong with it. */
export function parseSpf(text: string): SpfRecord | string {
  if (text.length > maxRecordChars) return "the record is too long";
  // RFC 7208 §3.1: US-ASCII, and terms are parted by blanks alone.
  if (!/^[\x20-\x7e]*$/.test(text)) return "the record holds characters that are not allowed";
  const mechanisms: Mechanism[] = [];
  let redirect: MacroString | undefined;
  let explanation: MacroString | undefined;
  for (const term of text.split(" ").slice(1)) {
    if (term === "") continue;
    const modifier = /^([a-z][a-z\d._-]*)=(.*)$/i.exec(term);
    if (modifier !== null) {
      const name = modifier[1]!.toLowerCase();
      const value = modifier[2]!;
      if (name !== "redirect" && name !== "exp") {
        if (parseMacros(value, true) === undefined) return `"${term}" is not understood`;
        continue;
      }
      const domain = parseDomainSpec(value);
      if (domain === undefined) return `"${term}" names no domain`;
      // RFC 7208 §6: once each.
      if (name === "redirect" ? redirect !== undefined : explanation !== undefined)
        return `${name}= stands there twice`;
      if (name === "redirect") redirect = domain;
      else explanation = domain;
      continue;
    }
    const mechanism = parseMechanism(term);
    if (mechanism === undefined) return `"${term}" is not understood`;
    mechanisms.push(mechanism);
  }
  return { mechanisms, redirect, explanation };
}

function parseMechanism(term: string): Mechanism | undefined {
  const found = /^([+~?-]?)([a-z\d]+)(?=[:/]|$)/i.exec(term);
  if (found === null) return undefined;
  const qualifier = qualifiers[found[1]!] ?? "pass";
  const name = found[2]!.toLowerCase();
  const base = { qualifier, text: term };
  // What a domain-spec may hold, "/" among it, is parted from a prefix length by their forms.
  const value = term.slice(found[1]!.length + name.length);
  switch (name) {
    case "all":
      return value === "" ? { ...base, name } : undefined;
    case "include":
    case "exists": {
      const domain = value.startsWith(":") ? parseDomainSpec(value.slice(1)) : undefined;
      return domain && { ...base, name, domain };
    }
    case "ptr": {
      if (value === "") return { ...base, name, domain: undefined };
      const domain = value.startsWith(":") ? parseDomainSpec(value.slice(1)) : undefined;
      return domain && { ...base, name, domain };
    }
    case "a":
    case "mx": {
      const parts = /^(?::(.*?))?(?:\/(0|[1-9]\d?))?(?:\/\/(0|[1-9]\d{0,2}))?$/.exec(value);
      if (parts === null) return undefined;
      const bits4 = Number(parts[2] ?? 32);
      const bits6 = Number(parts[3] ?? 128);
      const domain = parts[1] === undefined ? undefined : parseDomainSpec(parts[1]);
      if (bits4 > 32 || bits6 > 128 || (parts[1] !== undefined && domain === undefined)) return undefined;
      return { ...base, name, domain, bits4, bits6 };
    }
    case "ip4":
    case "ip6": {
      const parts = /^:([\da-f:.]+)(?:\/(0|[1-9]\d{0,2}))?$/i.exec(value);
      if (parts === null) return undefined;
      const address = name === "ip4" ? parseIp4(parts[1]!) : parts[1]!.includes(":") ? parseIp6(parts[1]!) : undefined;
      const most = name === "ip4" ? 32 : 128;
      const bits = Number(parts[2] ?? most);
      return address === undefined || bits > most ? undefined : { ...base, name, address, bits };
    }
    default:
      return undefined;
  }
}
