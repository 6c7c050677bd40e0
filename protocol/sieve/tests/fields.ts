/** RFC 5228 §5: header, exists, address, envelope; RFC 5233 for the details of addresses. */
import { parseAddresses } from "../../mime/fields/address.ts";
import { decodeWords } from "../../mime/fields/encoded-word.ts";
import type { Arguments, TagSpec, TestRule } from "../compiler.ts";
import { matcherOf, matchTags } from "../matcher.ts";
import { ScriptError } from "../mistake.ts";
import type { Run } from "../run.ts";
import { indexTags, mimeTags, selectorOf } from "../select.ts";

const partTags: { readonly [name: string]: TagSpec } = {
  all: { group: "address part" },
  localpart: { group: "address part" },
  domain: { group: "address part" },
  user: { group: "address part", needs: "subaddress" },
  detail: { group: "address part", needs: "subaddress" },
};

/** RFC 6009 §2. */
const dsnParts = ["notify", "orcpt", "ret", "envid"] as const;

/** Addresses of one field that are looked at. */
const maxAddresses = 1000;

type PartOf = (run: Run, local: string, domain: string) => string | undefined;

function partOf(args: Arguments): PartOf {
  const name = (["localpart", "domain", "user", "detail"] as const).find((tag) => args.tags.has(tag)) ?? "all";
  switch (name) {
    case "all":
      return (_, local, domain) => (domain === "" ? local : `${local}@${domain}`);
    case "localpart":
      return (_, local) => local;
    case "domain":
      return (_, __, domain) => domain;
    case "user":
      return (run, local) => {
        const at = separatorAt(run, local);
        return at < 0 ? local : local.slice(0, at);
      };
    case "detail":
      // RFC 5233 §4: without a separator there is no detail, and the test fails.
      return (run, local) => {
        const at = separatorAt(run, local);
        return at < 0 ? undefined : local.slice(at + run.world.separator.length);
      };
    default:
      return name satisfies never;
  }
}

function separatorAt(run: Run, local: string): number {
  const { separator } = run.world;
  return separator === "" ? -1 : local.indexOf(separator);
}

function split(address: string): readonly [local: string, domain: string] {
  const at = address.lastIndexOf("@");
  return at < 0 ? [address, ""] : [address.slice(0, at), address.slice(at + 1)];
}

export const fieldTests: { readonly [name: string]: TestRule } = {
  header: {
    compile: (node, c) => {
      const args = c.take(node, {
        tags: { ...matchTags, ...indexTags, ...mimeTags },
        positional: ["strings", "strings"],
      });
      const select = selectorOf(c, args, true);
      const names = c.texts(args.positional[0]);
      const lower = c.constants(args.positional[0])?.map((name) => name.toLowerCase());
      const matches = matcherOf(c, args, args.positional[1]);
      if (lower?.length === 1) return (run) => matches(run, select(run, lower[0]!));
      return (run) =>
        matches(
          run,
          (lower ?? names(run)).flatMap((name) => select(run, name.toLowerCase())),
        );
    },
  },
  exists: {
    compile: (node, c) => {
      const args = c.take(node, {
        tags: { mime: mimeTags["mime"]!, anychild: mimeTags["anychild"]! },
        positional: ["strings"],
      });
      const select = selectorOf(c, args, false);
      const names = c.texts(args.positional[0]);
      return (run) => names(run).every((name) => select(run, name.toLowerCase()).length > 0);
    },
  },
  address: {
    compile: (node, c) => {
      const { type: _, subtype: __, contenttype: ___, param: ____, ...mime } = mimeTags;
      const args = c.take(node, {
        tags: { ...matchTags, ...partTags, ...indexTags, ...mime },
        positional: ["strings", "strings"],
      });
      const select = selectorOf(c, args, false);
      const names = c.texts(args.positional[0]);
      const part = partOf(args);
      const matches = matcherOf(c, args, args.positional[1]);
      return (run) => {
        const values: string[] = [];
        for (const name of names(run))
          for (const value of select(run, name.toLowerCase()))
            for (const entry of parseAddresses(value, maxAddresses)) {
              run.spend(1);
              if (entry.kind !== "mailbox" || (entry.local === "" && entry.domain === "")) continue;
              const text = part(run, decodeWords(entry.local), decodeWords(entry.domain));
              if (text !== undefined) values.push(text);
            }
        return matches(run, values);
      };
    },
  },
  envelope: {
    needs: "envelope",
    compile: (node, c) => {
      const args = c.take(node, { tags: { ...matchTags, ...partTags }, positional: ["strings", "strings"] });
      const known = c.constants(args.positional[0]);
      const parts = ["from", "to", ...(c.has("envelope-dsn") ? dsnParts : [])];
      const wrong = known?.find((name) => !parts.includes(name.toLowerCase()));
      if (wrong !== undefined)
        throw new ScriptError(
          args.positional[0]!.at,
          `"${wrong}" is no part of the envelope: "${parts.slice(0, -1).join('", "')}" or "${parts.at(-1)}" was expected`,
        );
      const names = c.texts(args.positional[0]);
      const part = partOf(args);
      const matches = matcherOf(c, args, args.positional[1]);
      return (run) => {
        const values: string[] = [];
        for (const name of names(run)) {
          const lower = name.toLowerCase();
          const dsnPart = dsnParts.find((one) => one === lower && parts.includes(one));
          // RFC 6009 §2: no addresses, so that an address part says nothing of them.
          if (dsnPart !== undefined) values.push(...(run.world.envelopeDsn[dsnPart] ?? []));
          const address = lower === "from" ? run.world.envelopeFrom : lower === "to" ? run.world.envelopeTo : undefined;
          if (address === undefined) continue;
          const text = part(run, ...split(address));
          if (text !== undefined) values.push(text);
        }
        return matches(run, values);
      };
    },
  },
};
