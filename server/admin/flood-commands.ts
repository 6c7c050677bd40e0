/** Addresses that too many tenants write to at once, so that their mail is paused (docs/sending.md). */
import { type Command, command, done, no, time } from "./command.ts";

const off = "Sending at volume is switched off, or no server runs: set enabled = true in [sending] and start it.";

export const floodCommands: readonly Command[] = [
  command(
    "flooded list",
    "Addresses whose mail is paused because too many tenants write to them at once, and until when.",
    {},
    async (_, { sending }) =>
      sending === undefined
        ? no(off)
        : done(sending.flooded().map(([address, until]) => ({ address, until: time(until) }))),
  ),
  command(
    "flooded lift",
    "Lets mail to an address go on.",
    { address: { type: "text", placed: true, required: true, help: "the address" } },
    async ({ address }, { sending }) => {
      if (sending === undefined) return no(off);
      return (await sending.unflood(address))
        ? done({ address })
        : no(`Mail to ${address} is not paused. See what is: angarium flooded list`);
    },
  ),
];
