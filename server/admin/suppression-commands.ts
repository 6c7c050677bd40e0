/** Addresses that are not written to: listed, added, taken off (docs/sending.md). */

import { parseDuration } from "../base/units.ts";
import { isScope, maxAtOnce, suppressionReasons } from "../dispatch/suppression.ts";
import { maxSuppressionRows } from "../store/sending.ts";
import { type Command, command, done, no, time } from "./command.ts";

const scope = {
  type: "text",
  help: "platform, tenant:T, marketing:T, stream:T/S or list:T/L; platform by default",
} as const;
const addresses = { type: "list", placed: true, required: true, help: "addresses" } as const;
const wrongScope = "The scope is platform, tenant:T, marketing:T, stream:T/S or list:T/L.";
const off = "Sending at volume is switched off: set enabled = true in [sending].";

export const suppressionCommands: readonly Command[] = [
  command(
    "suppression add",
    "Lets nothing go to addresses any more.",
    {
      addresses,
      scope,
      reason: { type: "text", choices: [...suppressionReasons], help: "manual by default" },
      for: { type: "text", help: "how long, like 30d; without it until they are taken off" },
    },
    async ({ addresses: given, scope: where = "platform", reason, for: lasting }, { sending, now }) => {
      if (sending === undefined) return no(off);
      if (!isScope(where)) return no(wrongScope);
      const wrong = given.find((address) => !/^[^\s@]+@[^\s@]+$/.test(address));
      if (wrong !== undefined) return no(`"${wrong}" is no address.`);
      if (given.length > maxAtOnce) return no(`At most ${maxAtOnce} addresses at once.`);
      const lastingMs = lasting === undefined ? undefined : parseDuration(lasting);
      if (lasting !== undefined && lastingMs === undefined) return no(`--for "${lasting}" is no time: write 30d.`);
      await sending.suppression.add(
        where,
        given,
        (reason as (typeof suppressionReasons)[number] | undefined) ?? "manual",
        {
          evidence: "an administrator",
          ...(lastingMs === undefined ? {} : { expiresAt: now() + lastingMs }),
        },
      );
      return done({ suppressed: given.length });
    },
  ),
  command(
    "suppression remove",
    "Takes addresses off a list.",
    { addresses, scope },
    async ({ addresses: given, scope: where = "platform" }, { sending }) => {
      if (sending === undefined) return no(off);
      if (!isScope(where)) return no(wrongScope);
      return done({ removed: await sending.suppression.remove(where, given) });
    },
  ),
  command(
    "suppression list",
    "Addresses on a list (the platform's keeps hashes alone).",
    {
      scope,
      address: { type: "text", help: "only this one" },
      after: { type: "text", help: "continue after this hash" },
      limit: { type: "number", help: `how many at most, ${maxSuppressionRows} at most` },
    },
    async ({ scope: where = "platform", address, after, limit }, { sending }) => {
      if (sending === undefined) return no(off);
      if (!isScope(where)) return no(wrongScope);
      const rows = await sending.suppression.list(where, {
        ...(address === undefined ? {} : { address }),
        ...(after === undefined ? {} : { after }),
        ...(limit === undefined ? {} : { limit }),
      });
      return done(rows.map((row) => ({ ...row, at: time(row.at), expiresAt: time(row.expiresAt) })));
    },
  ),
];
