/** At which addresses the world can reach this machine, as far as it knows itself: behind a router it has only private ones. */
import { isIPv6 } from "node:net";
import { networkInterfaces } from "node:os";
import { isPublicAddress } from "./guard.ts";

/** The first of IPv4 and the first of IPv6. */
export function publicAddresses(
  machine: readonly string[] = Object.values(networkInterfaces()).flatMap(
    (all) => all?.filter(({ internal }) => !internal).map(({ address }) => address) ?? [],
  ),
): readonly string[] {
  const open = machine.filter(isPublicAddress);
  return [open.find((one) => !isIPv6(one)), open.find((one) => isIPv6(one))].filter((one) => one !== undefined);
}
