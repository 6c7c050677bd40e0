/** Sites of our own network: no public provider lives there. */
import type { Host } from "../send/site.ts";

export function allPrivate(hosts: readonly Pick<Host, "addresses">[]): boolean {
  return hosts.every(({ addresses }) => addresses.every(isPrivate));
}

function isPrivate(address: string): boolean {
  return /^(?:127\.|10\.|192\.168\.|172\.(?:1[6-9]|2\d|3[01])\.|169\.254\.|::1$|f[cd][0-9a-f]{2}:|fe80:)/i.test(
    address,
  );
}
