/** The directory with the addresses that forwarded mail bears as its return path: what comes back goes on to the first sender. */
import type { SrsReturn } from "../../protocol/return-path/srs.ts";
import { formatMailbox } from "../../protocol/smtp/address.ts";
import { reply } from "../../protocol/smtp/reply.ts";
import type { Directory, Resolution } from "./directory.ts";

const forged = reply(550, "5.1.1", "This return path was not made here");
const expired = reply(550, "5.1.1", "This return path has expired: the message it belongs to is too old");

const other: SrsReturn = { kind: "other" };
const ourForm = /^srs[01]=[a-z2-7]{7}=/i;

export function withReturnPaths(directory: Directory, back: (local: string) => SrsReturn): Directory {
  const resolveBack = async (local: string, domain: string): Promise<Resolution> => {
    const ours = await directory.domain(domain);
    const returned = ours?.kind === "local" ? back(local) : other;
    switch (returned.kind) {
      case "other":
        return directory.resolve(local, domain);
      case "forged":
      case "expired": {
        const found = await directory.resolve(local, domain);
        // What has our form is no catch-all's business; another form may be somebody's own address.
        if (found.kind !== "unknown" && !ourForm.test(local)) return found;
        return { kind: "unknown", domain: ours!, why: returned.kind === "forged" ? forged : expired };
      }
      case "to": {
        const { mailbox } = returned;
        const home = await directory.resolve(mailbox.local, mailbox.domain);
        if (home.kind !== "remote") return home;
        const forwards = [formatMailbox(mailbox)];
        return { kind: "local", accounts: [], forwards, detail: undefined, domain: ours!, essential: false };
      }
      default:
        return returned satisfies never;
    }
  };
  return {
    resolve: (local, domain) =>
      /^srs[01][=+-]/i.test(local) ? resolveBack(local, domain) : directory.resolve(local, domain),
    account: (id) => directory.account(id),
    accountByName: (name) => directory.accountByName(name),
    domain: (name) => directory.domain(name),
    maySendAs: (account, local, domain, how) => directory.maySendAs(account, local, domain, how),
  };
}
