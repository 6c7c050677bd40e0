/** Who is kept out, and the lists that are asked about peers. */
import { isIP } from "node:net";
import { parseDuration } from "../base/units.ts";
import type { Ban, Banned } from "../door/bans.ts";
import { networkOf } from "../door/networks.ts";
import { parseNetwork } from "../net/networks.ts";
import { maxPeerRows } from "../store/peers.ts";
import { type Command, command, done, no, time, type World } from "./command.ts";

const defaultForMs = 24 * 60 * 60 * 1000;
const maxForMs = 10 * 365 * 24 * 60 * 60 * 1000;
const address = {
  type: "text",
  placed: true,
  required: true,
  help: "an IP address, an IPv4 /24 or an IPv6 /64",
} as const;

/** As bans are kept: one address, or the network that addresses are counted with. */
function readAddress(text: string): string | undefined {
  if (isIP(text) !== 0) return text.toLowerCase();
  const network = parseNetwork(text);
  if (network === undefined || network.prefix !== (network.family === "ipv4" ? 24 : 64)) return undefined;
  return networkOf(network.address);
}

const wrong = (text: string) => no(`"${text}" is no address: write 192.0.2.1, 192.0.2.0/24 or 2001:db8::/64.`);

/** Without a running server the store alone knows. */
async function listed({ bans, store, now }: World): Promise<readonly Banned[]> {
  if (bans !== undefined) return bans.list();
  const rows = await store.peers("ban", { limit: maxPeerRows, now: now() });
  return rows.map(({ key, value, expiresAt }) => ({ address: key, ...(JSON.parse(value) as Ban), until: expiresAt }));
}

export const doorCommands: readonly Command[] = [
  command("ban list", "Addresses that may not connect, and why.", {}, async (_, world) =>
    done(
      (await listed(world)).map(({ address, why, by, at, until }) => ({
        address,
        why,
        by,
        at: time(at),
        until: time(until),
      })),
    ),
  ),
  command(
    "ban add",
    "Keeps an address or a network out of every protocol for a while.",
    {
      address,
      for: { type: "text", help: 'how long: "30m", "7d"; one day by default' },
      reason: { type: "text", help: "told to the peer and to whoever lists bans" },
    },
    async ({ address, for: long, reason }, world) => {
      const key = readAddress(address);
      if (key === undefined) return wrong(address);
      const forMs = long === undefined ? defaultForMs : parseDuration(long);
      if (forMs === undefined || forMs <= 0 || forMs > maxForMs)
        return no(`--for cannot be "${long}": write "30m", "12h" or "7d".`);
      const why = (reason ?? "an administrator decided so").replace(/[^ -~]/g, "?").slice(0, 200);
      if (world.bans !== undefined) await world.bans.add(key, why, forMs);
      else {
        const at = world.now();
        const ban: Ban = { why, by: "the administrator", at };
        await world.store.putPeers([{ kind: "ban", key, value: JSON.stringify(ban), expiresAt: at + forMs }]);
      }
      return done({ address: key, until: time(world.now() + forMs) });
    },
  ),
  command("ban lift", "Lets an address or a network come again.", { address }, async ({ address }, world) => {
    const key = readAddress(address);
    if (key === undefined) return wrong(address);
    if (!(await listed(world)).some((ban) => ban.address === key)) return no(`${key} is not banned.`);
    if (world.bans !== undefined) await world.bans.lift(key);
    else await world.store.putPeers([{ kind: "ban", key, value: "", expiresAt: 0 }]);
    return done({ address: key });
  }),
  command(
    "blocklist list",
    "The DNS lists that are asked about peers and about links, and whether they are well.",
    {},
    async (_, { lists }) =>
      lists === undefined ? no("Only the running server knows how its lists are. Start it first.") : done(lists()),
  ),
];
