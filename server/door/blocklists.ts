/** DNS blocklists and allow-lists (RFC 5782), with an eye on their health: a list that answers for everything, or refuses us, is not believed. */
import { isIP } from "node:net";
import type { Log } from "../base/log.ts";
import type { Resolver } from "../net/resolver.ts";

export type ListHealth =
  | "ok"
  | "unchecked"
  | "answers for everything"
  | "refuses us"
  | "lists nothing"
  | "does not answer";
export type Zone = { readonly name: string; readonly kind: "block" | "allow"; health: ListHealth };
export type Listing = { readonly zone: string; readonly code: string; readonly text: string | undefined };

type Dns = Pick<Resolver, "a" | "txt">;

const maxTextChars = 200;

/** RFC 5782 §2.1, §2.4: the octets or nibbles of an address, the last first. */
export function reversed(address: string): string | undefined {
  const version = isIP(address);
  if (version === 4) return address.split(".").reverse().join(".");
  if (version !== 6) return undefined;
  const groups = expand(address);
  return groups && [...groups.map((group) => group.padStart(4, "0")).join("")].reverse().join(".");
}

function expand(address: string): readonly string[] | undefined {
  const [head = "", tail] = address.split("%", 1)[0]!.split("::");
  const front = head === "" ? [] : head.split(":");
  const back = tail === undefined || tail === "" ? [] : tail.split(":");
  if (address.includes(".")) return undefined;
  const missing = tail === undefined ? 0 : 8 - front.length - back.length;
  const all = [...front, ...Array<string>(Math.max(0, missing)).fill("0"), ...back];
  return all.length === 8 ? all : undefined;
}

export class Blocklists {
  readonly zones: readonly Zone[];
  readonly #dns: Dns;
  readonly #log: Log;

  constructor(block: readonly string[], allow: readonly string[], dns: Dns, log: Log) {
    const zone =
      (kind: Zone["kind"]) =>
      (name: string): Zone => ({ name: name.toLowerCase().replace(/^\.|\.$/g, ""), kind, health: "unchecked" });
    this.zones = [...block.map(zone("block")), ...allow.map(zone("allow"))];
    this.#dns = dns;
    this.#log = log;
  }

  /** RFC 5782 §5: 127.0.0.2 is listed everywhere, 127.0.0.1 nowhere. */
  async check(): Promise<void> {
    await Promise.all(
      this.zones.map(async (zone) => {
        const [never, always] = await Promise.all([
          this.#dns.a(`1.0.0.127.${zone.name}`),
          this.#dns.a(`2.0.0.127.${zone.name}`),
        ]);
        const health: ListHealth =
          never.kind === "trouble" || always.kind === "trouble"
            ? "does not answer"
            : never.kind === "found"
              ? never.records.some(isRefusal)
                ? "refuses us"
                : "answers for everything"
              : always.kind === "none"
                ? "lists nothing"
                : always.records.some(isRefusal)
                  ? "refuses us"
                  : "ok";
        if (health !== zone.health && health !== "ok")
          this.#log.warn({ list: zone.name, health }, "a DNS list is not used: it does not behave");
        zone.health = health;
      }),
    );
  }

  /** Where the address is listed, among the lists that are well. "trouble" of DNS lists nobody. `silent`: those that did not say. */
  async find(address: string): Promise<{
    readonly blocked: readonly Listing[];
    readonly allowed: readonly Listing[];
    readonly silent?: readonly string[];
  }> {
    const name = reversed(address);
    const used = this.zones.filter(({ health }) => health === "ok");
    if (name === undefined) return nowhere;
    const silent = new Set(this.zones.filter(({ health }) => health !== "ok").map((zone) => zone.name));
    const found = await Promise.all(
      used.map(async (zone): Promise<(Listing & { readonly kind: Zone["kind"] }) | undefined> => {
        const answer = await this.#dns.a(`${name}.${zone.name}`);
        if (answer.kind === "trouble") silent.add(zone.name);
        if (answer.kind !== "found") return undefined;
        const code = answer.records[0] ?? "";
        // Public resolvers and heavy users get these instead of an answer; others mean a domain that was sold.
        if (isRefusal(code) || !code.startsWith("127.")) {
          zone.health = isRefusal(code) ? "refuses us" : "answers for everything";
          silent.add(zone.name);
          this.#log.warn(
            { list: zone.name, answer: code, health: zone.health },
            "a DNS list is not used: it does not behave",
          );
          return undefined;
        }
        const text = zone.kind === "block" ? await this.#dns.txt(`${name}.${zone.name}`) : undefined;
        return {
          kind: zone.kind,
          zone: zone.name,
          code,
          text: text?.kind === "found" ? text.records[0]?.replace(/[^ -~]/g, "?").slice(0, maxTextChars) : undefined,
        };
      }),
    );
    const listed = found.filter((one) => one !== undefined);
    return {
      blocked: listed.filter(({ kind }) => kind === "block"),
      allowed: listed.filter(({ kind }) => kind === "allow"),
      silent: [...silent],
    };
  }
}

export const nowhere: Awaited<ReturnType<Blocklists["find"]>> = { blocked: [], allowed: [] };

function isRefusal(code: string): boolean {
  return code.startsWith("127.255.255.");
}
