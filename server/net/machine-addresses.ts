/** The addresses of this machine, as they are now. */
import { isIPv4 } from "node:net";
import { networkInterfaces } from "node:os";

export const machineAddresses = (): readonly string[] =>
  Object.values(networkInterfaces()).flatMap((all) => all?.map(({ address }) => address) ?? []);

/** Whether a socket may be bound to it; all of 127.0.0.0/8 is this machine's, whatever its interfaces name. */
export function isOfMachine(address: string, machine: readonly string[]): boolean {
  return machine.includes(address.toLowerCase()) || (isIPv4(address) && address.startsWith("127."));
}
