/** The names that this server goes by besides its host name: in mail of strangers nobody else's results stand under them (RFC 8601 §5). */
import type { Directory } from "../access/directory.ts";
import type { GoesBy } from "../judge/authenticate/fields.ts";
import { hostedNames } from "../net/own-certificate.ts";
import type { Store } from "../store/store.ts";

const hostsSetting = "host.names";
/** Host names that are remembered, of all nodes; the oldest goes. */
const maxHosts = 20;

export async function ownNames(parts: {
  readonly store: Pick<Store, "setting" | "swapSetting">;
  readonly directory: Pick<Directory, "domain">;
  readonly ourHost: string;
  /** As the configuration has them. */
  readonly hosts: readonly string[];
  /** Those that are shown now. */
  readonly certificates: () => readonly { readonly names: readonly string[] }[];
}): Promise<GoesBy> {
  const { store, directory, ourHost, hosts, certificates } = parts;
  const named = new Set([...(await hostsUntilNow(store, ourHost)), ...hosts.map((host) => host.toLowerCase())]);
  const isHosted = async (domain: string, name: string): Promise<boolean> =>
    hostedNames(domain).includes(name) && (await directory.domain(domain))?.kind === "local";
  return async (name) => {
    const above = name.slice(name.indexOf(".") + 1);
    if (named.has(name)) return true;
    if (certificates().some(({ names }) => names.includes(name) || names.includes(`*.${above}`))) return true;
    return (await isHosted(name, name)) || (await isHosted(above, name));
  };
}

/** What this server was called at each start: mail of those days bears results of that name, which readers may believe still. */
async function hostsUntilNow(
  store: Pick<Store, "setting" | "swapSetting">,
  ourHost: string,
): Promise<readonly string[]> {
  for (;;) {
    const before = (await store.setting(hostsSetting)) as readonly string[] | undefined;
    if (before?.includes(ourHost)) return before;
    const after = [...(before ?? []), ourHost].slice(-maxHosts);
    if (await store.swapSetting(hostsSetting, before, after)) return after;
  }
}
