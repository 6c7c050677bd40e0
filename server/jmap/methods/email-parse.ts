import * as is from "../../../protocol/jmap/check.ts";
import { defaultParseProperties } from "../../../protocol/jmap/email-properties.ts";
import { failed, type JsonObject } from "../../../protocol/jmap/types.ts";
import { blobFor } from "../access.ts";
import { createdId, method } from "../call.ts";
import { mail } from "../capabilities.ts";
import { readWant, wantArgs } from "../email-want.ts";
import { render } from "../emails.ts";
import { looksLikeMessage } from "../make-email.ts";

const shape = is.object({ accountId: is.id, blobIds: is.array(is.idOrCreation), ...wantArgs });

/** RFC 8621 §4.9. Metadata of an email is null here; parts have blob ids all the same. */
export const emailParse = method(
  mail,
  shape,
  async (args, call, account) => {
    const want = readWant(args, defaultParseProperties, call.using);
    if ("error" in want) return want;
    if (args.blobIds.length > call.ports.settings.maxObjectsInGet)
      return failed("requestTooLarge", `At most ${call.ports.settings.maxObjectsInGet} blobs can be parsed at once.`);
    const parsed: { [id: string]: JsonObject } = {};
    const notFound: string[] = [];
    const notParsable: string[] = [];
    const tooLarge = failed("requestTooLarge", "The messages are too large together: ask for fewer at once.");
    let chars = 0;
    for (const id of new Set(args.blobIds)) {
      if (call.room.isFull) return tooLarge;
      const blobId = createdId(call, id) ?? "";
      const blob = await blobFor(call, account, blobId);
      if (blob === undefined) notFound.push(id);
      else if (!looksLikeMessage(blob.bytes)) notParsable.push(id);
      else {
        if (!call.room.takeBytes(blob.bytes.length)) return tooLarge;
        const known = {
          id: null,
          blobId,
          threadId: null,
          mailboxIds: null,
          keywords: null,
          size: blob.bytes.length,
          receivedAt: null,
        };
        const room = { account: call.account.id, chars: call.room.chars - chars };
        const shown = await render(call.ports, [blob.bytes], [{ known, blobId }], want, room);
        if (shown === "too-large") {
          call.room.readNoMore();
          return tooLarge;
        }
        chars += shown.chars;
        parsed[id] = shown.list[0] as JsonObject;
      }
    }
    return { ok: { accountId: args.accountId, parsed, notParsable, notFound } };
  },
  "shared",
);
