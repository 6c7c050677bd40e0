import * as is from "../../../protocol/jmap/check.ts";
import { failed, invalidProperties, type JsonObject, type SetError, setError } from "../../../protocol/jmap/types.ts";
import { maxDataSources } from "../accounts.ts";
import { readBlob, upload } from "../blobs.ts";
import { type Call, createdId, method } from "../call.ts";
import { blob } from "../capabilities.ts";

const source = is.object({
  "data:asText": is.maybe(is.string),
  "data:asBase64": is.maybe(is.string),
  blobId: is.maybe(is.idOrCreation),
  offset: is.maybe(is.uint),
  length: is.maybe(is.uint),
});
const shape = is.object({
  accountId: is.id,
  create: is.map(is.id, is.anyObject),
});
const uploadObject = is.object({ data: is.array(source), type: is.maybe(is.string) });
type Source = is.Of<typeof source>;

/** RFC 9404 §4.1. */
export const blobUpload = method(blob, shape, async ({ accountId, create }, call, account) => {
  const { settings } = call.ports;
  if (Object.keys(create).length > settings.maxObjectsInSet) return failed("requestTooLarge");
  const created: { [id: string]: JsonObject } = {};
  const notCreated: { [id: string]: SetError } = {};
  for (const [creation, object] of Object.entries(create)) {
    const checked = uploadObject(object, "");
    if (checked instanceof is.Mismatch) {
      const name = checked.pointer.slice(1);
      notCreated[creation] = invalidProperties([name], `${name}: expected ${checked.expected}.`);
      continue;
    }
    const { data, type } = checked;
    const bytes = await gather(data, call, account);
    if ("type" in bytes) {
      notCreated[creation] = bytes;
      continue;
    }
    const kept = await upload(call.ports, account, bytes.bytes, type ?? "application/octet-stream");
    if (kept === "over-quota") notCreated[creation] = setError("overQuota", "There is no room for more uploads.");
    else {
      created[creation] = { id: kept.id, type: kept.type, size: kept.sizeBytes };
      call.created.set(creation, kept.id);
    }
  }
  return { ok: { accountId, oldState: null, newState: null, created, notCreated } };
});

async function gather(
  sources: readonly Source[],
  call: Call,
  account: number,
): Promise<{ readonly bytes: Buffer } | SetError> {
  if (sources.length > maxDataSources)
    return setError("invalidProperties", `data: at most ${maxDataSources} sources.`, { properties: ["data"] });
  const pieces: Buffer[] = [];
  let total = 0;
  for (const [i, each] of sources.entries()) {
    const given = [each["data:asText"], each["data:asBase64"], each.blobId].filter((one) => one !== undefined);
    const wrong = (why: string) => setError("invalidProperties", `data/${i}: ${why}`, { properties: [`data/${i}`] });
    if (given.length !== 1) return wrong("expected one of data:asText, data:asBase64 and blobId.");
    let piece: Buffer;
    if (each["data:asText"] !== undefined) piece = Buffer.from(each["data:asText"].toWellFormed(), "utf8");
    else if (each["data:asBase64"] !== undefined) {
      if (!/^[A-Za-z0-9+/]*={0,2}$/.test(each["data:asBase64"])) return wrong("this is no base64.");
      piece = Buffer.from(each["data:asBase64"], "base64");
    } else {
      const found = await readBlob(call.ports, account, createdId(call, each.blobId as string) ?? "");
      if (found === undefined) return setError("blobNotFound", undefined, { notFound: [each.blobId as string] });
      const from = each.offset ?? 0;
      const to = each.length === undefined ? found.bytes.length : from + each.length;
      if (to > found.bytes.length || from > found.bytes.length) return wrong("the range is outside of the blob.");
      piece = Buffer.from(found.bytes.subarray(from, to));
    }
    total += piece.length;
    if (total > call.ports.settings.maxUploadBytes)
      return setError("tooLarge", "The blob is larger than this server takes.");
    pieces.push(piece);
  }
  return { bytes: Buffer.concat(pieces) };
}
