/** At which addresses mail that goes by MX would come back to us. */
import { isIPv4 } from "node:net";
import type { ListenAddress } from "../config/schema.ts";
import { machineAddresses } from "../net/machine-addresses.ts";

/** Those of our listeners for strangers that have the port of MX hosts; one that listens everywhere has all addresses of the machine. */
export function ownAddresses(
  listen: readonly ListenAddress[],
  mxPort: number,
  machine: readonly string[] = machineAddresses(),
): string[] {
  const own = new Set<string>();
  for (const { address, port } of listen) {
    if (port !== mxPort) continue;
    if (address === "0.0.0.0") for (const one of machine.filter((one) => isIPv4(one))) own.add(one);
    else if (address === "::") for (const one of machine) own.add(one);
    else own.add(address);
  }
  return [...own];
}
