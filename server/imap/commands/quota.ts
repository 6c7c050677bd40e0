/** GETQUOTA, GETQUOTAROOT, SETQUOTA. RFC 9208. Each account has one root, "". */
import type { Command } from "../../../protocol/imap/command.ts";
import { quotaLine, quotaRootLine } from "../../../protocol/imap/response.ts";
import type { StoreReader } from "../../store/store.ts";
import { type Answer, no, noSuchMailbox, ok } from "../answer.ts";
import { findPlace, type PlaceStore } from "../names.ts";
import type { Session } from "../session.ts";

type Ask = { readonly store: PlaceStore & Pick<StoreReader, "accounts"> };

export async function getQuota(
  session: Session,
  command: Extract<Command, { name: "GETQUOTA" }>,
  { store }: Ask,
): Promise<Answer> {
  const line = command.root === "" ? await quotaOf(session, store) : undefined;
  if (line === undefined) return no("NONEXISTENT", "No such quota root");
  session.out.text(line);
  return ok("GETQUOTA completed");
}

/** A mailbox without a limit, and one of somebody else's, of whose quota nothing is told, has no root. */
export async function getQuotaRoot(session: Session, path: string, { store }: Ask): Promise<Answer> {
  const place = await findPlace(store, session.user, path);
  if (place === undefined) return noSuchMailbox;
  const line = place.account === session.user.id ? await quotaOf(session, store) : undefined;
  session.out.text(quotaRootLine(path, session.utf8, line === undefined ? [] : [""]));
  if (line !== undefined) session.out.text(line);
  return ok("GETQUOTAROOT completed");
}

/**
 * Undefined where there is no limit: RFC 9208 §5.1 knows no empty list of resources, and Thunderbird takes one for a broken
 * answer.
 */
async function quotaOf(session: Session, store: Pick<StoreReader, "accounts">): Promise<string | undefined> {
  const [account] = await store.accounts({ id: session.user.id });
  if (account === undefined || account.quotaBytes === 0) return undefined;
  // STORAGE counts units of 1024 octets.
  const usage = Math.ceil(account.usedBytes / 1024);
  const limit = Math.floor(account.quotaBytes / 1024);
  return quotaLine("", { resource: "STORAGE", usage, limit });
}
