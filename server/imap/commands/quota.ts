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
  if (command.root !== "") return no("NONEXISTENT", "No such quota root");
  await tellQuota(session, store);
  return ok("GETQUOTA completed");
}

export async function getQuotaRoot(session: Session, path: string, { store }: Ask): Promise<Answer> {
  const place = await findPlace(store, session.user, path);
  if (place === undefined) return noSuchMailbox;
  // Of another's quota nothing is told.
  const isOwn = place.account === session.user.id;
  session.out.text(quotaRootLine(path, session.utf8, isOwn ? [""] : []));
  if (!isOwn) return ok("GETQUOTAROOT completed");
  await tellQuota(session, store);
  return ok("GETQUOTAROOT completed");
}

async function tellQuota(session: Session, store: Pick<StoreReader, "accounts">): Promise<void> {
  const [account] = await store.accounts({ id: session.user.id });
  if (account === undefined || account.quotaBytes === 0) return session.out.text(quotaLine("", []));
  // RFC 9208 §5.1: STORAGE counts units of 1024 bytes.
  const usage = Math.ceil(account.usedBytes / 1024);
  const limit = Math.floor(account.quotaBytes / 1024);
  session.out.text(quotaLine("", [{ resource: "STORAGE", usage, limit }]));
}
