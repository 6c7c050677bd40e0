import * as is from "../../../protocol/jmap/check.ts";
import { defaultProperties } from "../../../protocol/jmap/email-properties.ts";
import { idOf, numberOf } from "../../../protocol/jmap/ids.ts";
import { stateText } from "../../../protocol/jmap/state.ts";
import { failed } from "../../../protocol/jmap/types.ts";
import { readableFilter } from "../access.ts";
import { tooManyToGet } from "../arguments.ts";
import { type Method, method } from "../call.ts";
import { mail } from "../capabilities.ts";
import { readWant, wantArgs } from "../email-want.ts";
import { type PreviewMemory, showEmails } from "../emails.ts";

const shape = is.object({ accountId: is.id, ids: is.maybe(is.array(is.string)), ...wantArgs });

/** RFC 8621 §4.2. */
export const emailGet = (previews: PreviewMemory): Method =>
  method(
    mail,
    shape,
    async (args, call, account) => {
      const names = args.properties;
      const want = readWant(
        names?.includes("id") === false ? { ...args, properties: ["id", ...names] } : args,
        defaultProperties,
        call.using,
      );
      if ("error" in want) return want;
      const refusal = tooManyToGet(args.ids, call);
      if (refusal !== undefined) return refusal;
      const { store, settings } = call.ports;
      let ids = args.ids;
      if (ids === undefined) {
        const max = settings.maxObjectsInGet;
        const query = {
          filter: readableFilter(undefined, call.access),
          sort: [],
          collapseThreads: false,
          position: 0,
          anchor: undefined,
          total: false,
        };
        const all = await store.emailQuery(account, { ...query, limit: max + 1 });
        if (all.kind !== "done" || all.emails.length > max)
          return failed("requestTooLarge", `There are more than ${max} emails: ask for those you need by their ids.`);
        ids = all.emails.map((email) => idOf("M", email));
      }
      const unique = [...new Set(ids)];
      const shown = await showEmails(
        call.ports,
        previews,
        account,
        unique.flatMap((id) => numberOf("M", id) ?? []),
        want,
        call,
      );
      if (shown === "too-large")
        return failed(
          "requestTooLarge",
          "The messages are too large together: ask for fewer at once, or without their bodies.",
        );
      const byEmail = new Map(shown.list.map(({ email, object }) => [idOf("M", email), object]));
      return {
        ok: {
          accountId: args.accountId,
          state: stateText(shown.state),
          list: unique.flatMap((id) => byEmail.get(id) ?? []),
          notFound: unique.filter((id) => !byEmail.has(id)),
        },
      };
    },
    "shared",
  );
