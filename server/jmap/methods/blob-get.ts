import { isUtf8 } from "node:buffer";
import { createHash } from "node:crypto";
import * as is from "../../../protocol/jmap/check.ts";
import { failed, type Json, type JsonObject } from "../../../protocol/jmap/types.ts";
import { blobFor } from "../access.ts";
import { tooManyToGet } from "../arguments.ts";
import { createdId, method } from "../call.ts";
import { blob } from "../capabilities.ts";

const shape = is.object({
  accountId: is.id,
  ids: is.array(is.idOrCreation),
  properties: is.maybe(is.array(is.string)),
  offset: is.maybe(is.uint),
  length: is.maybe(is.uint),
});
const known = ["id", "data", "data:asText", "data:asBase64", "size", "digest:sha", "digest:sha-256"];
const hashes: { readonly [name: string]: string } = { "digest:sha": "sha1", "digest:sha-256": "sha256" };
/** Bytes of one answer. */
const maxAnswered = 64 * 1024 * 1024;

/** RFC 9404 §4.2. */
export const blobGet = method(
  blob,
  shape,
  async ({ accountId, ids, properties, offset, length }, call, account) => {
    const refusal = tooManyToGet(ids, call);
    if (refusal !== undefined) return refusal;
    const names = properties ?? ["data", "size"];
    for (const name of names)
      if (!known.includes(name))
        return failed("invalidArguments", `/properties: there is no property "${name}".`, { pointer: "/properties" });
    const list: JsonObject[] = [];
    const notFound: string[] = [];
    let total = 0;
    for (const id of new Set(ids)) {
      const blobId = createdId(call, id) ?? "";
      const found = await blobFor(call, account, blobId);
      if (found === undefined) {
        notFound.push(id);
        continue;
      }
      const size = found.bytes.length;
      const from = Math.min(offset ?? 0, size);
      const bytes = found.bytes.subarray(from, length === undefined ? size : Math.min(size, from + length));
      total += bytes.length;
      if (total > maxAnswered)
        return failed("requestTooLarge", "The blobs are too large together: ask for parts of them.");
      const isTruncated = (offset ?? 0) > size || (length !== undefined && (offset ?? 0) + length > size);
      const out: { [name: string]: Json } = { id: blobId };
      const isText = isUtf8(bytes);
      for (const name of names) {
        if (name === "size") out["size"] = size;
        else if (name === "data:asBase64" || (name === "data" && !isText))
          out["data:asBase64"] = Buffer.from(bytes).toString("base64");
        else if (name === "data:asText" || name === "data")
          out["data:asText"] = isText ? Buffer.from(bytes).toString("utf8") : null;
        else if (hashes[name] !== undefined) out[name] = createHash(hashes[name]).update(bytes).digest("base64");
        if ((name === "data" || name === "data:asText") && !isText) out["isEncodingProblem"] = true;
      }
      if (isTruncated) out["isTruncated"] = true;
      list.push(out);
    }
    return { ok: { accountId, list, notFound } };
  },
  "shared",
);
