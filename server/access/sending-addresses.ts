/** The directory with the addresses at which bounces and complaints about tenants' mail come in, though nobody has a mailbox there. */

import type { Mac } from "../../protocol/return-path/srs.ts";
import { verpToken } from "../../protocol/return-path/verp.ts";
import { reply } from "../../protocol/smtp/reply.ts";
import type { Domain } from "../store/store.ts";
import type { Directory, Resolution } from "./directory.ts";

const forged = reply(550, "5.1.1", "This return path was not made here");
const nobody = reply(550, "5.1.1", "Only bounces of our own mail are taken here");

/** At a host of return paths: who writes there leaves what the subject names. */
export const unsubscribeLocal = "unsubscribe";

/** `isReturnPath`: a host at which our bounces come back; `isFeedback`: an address that our mail names for complaints. */
export function withSendingAddresses(
  directory: Directory,
  ask: {
    readonly mac: Mac;
    readonly isReturnPath: (host: string) => boolean;
    readonly isFeedback: (local: string, domain: string) => boolean;
  },
): Directory {
  const resolve = (local: string, domain: string): Resolution | undefined => {
    const isReturnPath = ask.isReturnPath(domain);
    // Each recipient of each message comes by here.
    if (!isReturnPath && !ask.isFeedback(local, domain)) return undefined;
    const home: Domain = { name: domain, kind: "local", settings: {} };
    const taken: Resolution = {
      kind: "local",
      accounts: [],
      forwards: [],
      detail: undefined,
      domain: home,
      essential: false,
      reports: true,
    };
    if (isReturnPath) {
      const token = verpToken(local, ask.mac);
      if (token === "forged") return { kind: "unknown", domain: home, why: forged };
      if (token !== undefined || local.toLowerCase() === unsubscribeLocal) return taken;
      return /^(?:postmaster|abuse)$/i.test(local) ? undefined : { kind: "unknown", domain: home, why: nobody };
    }
    return taken;
  };
  return {
    resolve: (local, domain) => resolve(local, domain) ?? directory.resolve(local, domain),
    account: (id) => directory.account(id),
    accountByName: (name) => directory.accountByName(name),
    domain: (name) => directory.domain(name),
    maySendAs: (account, local, domain, how) => directory.maySendAs(account, local, domain, how),
  };
}
