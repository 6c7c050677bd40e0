/** The directory with the addresses at which we take reports of other servers, though nobody has a mailbox there. */
import type { Directory, Resolution } from "./directory.ts";

/** `isForReports` is asked of addresses that nobody else has; `local` as received. */
export function withReportAddresses(
  directory: Directory,
  isForReports: (local: string, domain: string) => boolean,
): Directory {
  const orReports = (found: Resolution, local: string): Resolution => {
    if (found.kind !== "unknown" || found.domain.kind !== "local" || !isForReports(local, found.domain.name))
      return found;
    const nobody = { accounts: [], forwards: [], detail: undefined, essential: false };
    return { kind: "local", ...nobody, domain: found.domain, reports: true };
  };
  return {
    resolve(local, domain) {
      const found = directory.resolve(local, domain);
      return found instanceof Promise ? found.then((one) => orReports(one, local)) : orReports(found, local);
    },
    account: (id) => directory.account(id),
    accountByName: (name) => directory.accountByName(name),
    domain: (name) => directory.domain(name),
    maySendAs: (account, local, domain, how) => directory.maySendAs(account, local, domain, how),
  };
}
