import * as is from "../../../protocol/jmap/check.ts";
import { idOf, parseBlobId } from "../../../protocol/jmap/ids.ts";
import { failed, type JsonObject } from "../../../protocol/jmap/types.ts";
import { lookupTypes } from "../accounts.ts";
import { tooManyToGet } from "../arguments.ts";
import { createdId, method } from "../call.ts";
import { blob } from "../capabilities.ts";

const shape = is.object({ accountId: is.id, typeNames: is.array(is.string), ids: is.array(is.idOrCreation) });

/** RFC 9404 §4.3: an upload that an email was made of is no longer that email's blob; the email has its own. */
export const blobLookup = method(blob, shape, async ({ accountId, typeNames, ids }, call, account) => {
  const refusal = tooManyToGet(ids, call);
  if (refusal !== undefined) return refusal;
  const unknown = typeNames.find((name) => !lookupTypes.includes(name));
  if (unknown !== undefined) return failed("unknownDataType", `Blobs are not looked up in "${unknown}" here.`);
  const blobs = new Map([...new Set(ids)].map((id) => [id, parseBlobId(createdId(call, id) ?? "")]));
  const emails = [...blobs.values()].flatMap((one) => (one?.kind === "email" ? [one.email] : []));
  const { rows } = await call.ports.store.emailRows(account, emails, "none");
  const byEmail = new Map(rows.map((row) => [row.email, row]));
  const uploaded = await call.ports.store.uploads(
    account,
    [...blobs.values()].flatMap((one) => (one?.kind === "upload" ? [one.id] : [])),
  );
  const list: JsonObject[] = [];
  const notFound: string[] = [];
  for (const [id, one] of blobs) {
    const row = one?.kind === "email" ? byEmail.get(one.email) : undefined;
    const isUpload = one?.kind === "upload" && uploaded.some((upload) => upload.id === one.id);
    if (row === undefined && !isUpload) {
      notFound.push(id);
      continue;
    }
    const all: { readonly [name: string]: readonly string[] } = {
      Email: row === undefined ? [] : [idOf("M", row.email)],
      Thread: row === undefined ? [] : [idOf("T", row.thread)],
      Mailbox: row === undefined ? [] : row.mailboxes.map((mailbox) => idOf("F", mailbox)),
    };
    list.push({ id, matchedIds: Object.fromEntries(typeNames.map((name) => [name, all[name] ?? []])) });
  }
  return { ok: { accountId, list, notFound } };
});
