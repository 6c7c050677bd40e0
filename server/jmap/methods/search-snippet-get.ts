import * as is from "../../../protocol/jmap/check.ts";
import { idOf, numberOf } from "../../../protocol/jmap/ids.ts";
import { snippetOf, type Wanted } from "../../../protocol/jmap/snippet.ts";
import { failed, type Json } from "../../../protocol/jmap/types.ts";
import { Place } from "../../../protocol/words/postings.ts";
import type { EmailFilter } from "../../store/jmap.ts";
import { readableEmails } from "../access.ts";
import { method } from "../call.ts";
import { mail } from "../capabilities.ts";
import { readFilter } from "../email-filter.ts";

/** Emails of one call: each is read whole. */
export const maxSnippets = 100;

const shape = is.object({ accountId: is.id, filter: is.maybe(is.anyObject), emailIds: is.array(is.id) });

/** RFC 8621 §5.1. */
export const searchSnippetGet = method(
  mail,
  shape,
  async ({ accountId, filter, emailIds }, call, account) => {
    const read = readFilter(filter);
    if (read !== undefined && "error" in read) return read;
    if (emailIds.length > maxSnippets)
      return failed("requestTooLarge", `At most ${maxSnippets} emails can be asked for at once.`);
    const subject = new Set<string>();
    const body = new Set<string>();
    if (read !== undefined) gather(read, subject, body);
    const wanted: Wanted = { subject: [...subject], body: [...body] };
    const asked = [...new Set(emailIds.map((id) => numberOf("M", id) ?? 0))];
    const readable = call.access.own
      ? asked
      : [...(await readableEmails(call.ports.store, account, asked, call.access)).keys()];
    const found = new Map<string, Json>();
    for (let rest: readonly number[] = readable; rest.length > 0; ) {
      const answer = await call.ports.store.emailRows(account, rest, "all");
      for (const { email, bytes } of answer.rows) {
        const emailId = idOf("M", email);
        const bare = { subject: null, preview: null };
        const snippet =
          bytes === undefined || (wanted.subject.length === 0 && wanted.body.length === 0)
            ? bare
            : bytes.length <= 128 * 1024
              ? snippetOf(bytes, wanted)
              : await call.ports.pool.run("jmap-snippet", { bytes, wanted });
        found.set(emailId, { emailId, ...snippet });
      }
      rest = answer.rest;
    }
    const unique = [...new Set(emailIds)];
    const notFound = unique.filter((id) => !found.has(id));
    return {
      ok: {
        accountId,
        list: unique.flatMap((id) => found.get(id) ?? []),
        notFound: notFound.length === 0 ? null : notFound,
      },
    };
  },
  "shared",
);

/** The words of the filter; those under a NOT are not shown. */
function gather(filter: EmailFilter, subject: Set<string>, body: Set<string>): void {
  switch (filter.kind) {
    case "and":
    case "or":
      for (const one of filter.of) gather(one, subject, body);
      return;
    case "words": {
      const { words, places } = filter.group;
      for (const { word } of words) {
        if ((places & Place.subject) !== 0) subject.add(word);
        if ((places & (Place.body | Place.attachment)) !== 0) body.add(word);
      }
      return;
    }
    case "text": {
      const { key } = filter;
      if (!("needle" in key)) return;
      const word = key.needle.toLowerCase();
      if (word === "") return;
      if (key.kind === "text" || (key.kind === "header" && key.name === "subject")) subject.add(word);
      if (key.kind === "text" || key.kind === "body") body.add(word);
      return;
    }
    default:
  }
}
