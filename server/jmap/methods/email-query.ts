import * as is from "../../../protocol/jmap/check.ts";
import { idOf, numberOf } from "../../../protocol/jmap/ids.ts";
import { stateText } from "../../../protocol/jmap/state.ts";
import { failed } from "../../../protocol/jmap/types.ts";
import type { EmailQueryResult } from "../../store/jmap.ts";
import { readableEmails, readableFilter } from "../access.ts";
import { queryArgs } from "../arguments.ts";
import { method } from "../call.ts";
import { mail } from "../capabilities.ts";
import { isRanked, readFilter, readSort } from "../email-filter.ts";
import type { OrderMemory } from "../order-memory.ts";
import type { TotalMemory } from "../total-memory.ts";

const shape = is.object({ ...queryArgs, collapseThreads: is.optional(is.bool) });
/** Ids of one page, whatever the client asks for. */
export const maxQueryLimit = 5_000;
export const tooExpensive = failed(
  "unsupportedFilter",
  "This search would have to read too many messages: name a mailbox, a time, or longer words.",
);

/** RFC 8621 §4.4. */
export const emailQuery = (orders: OrderMemory, totals: TotalMemory) =>
  method(
    mail,
    shape,
    async (args, call, account) => {
      const asked = readFilter(args.filter);
      if (asked !== undefined && "error" in asked) return asked;
      const filter = readableFilter(asked, call.access);
      const ranked = isRanked(args.sort);
      const sort = ranked ? [] : readSort(args.sort);
      if ("error" in sort) return sort;
      const limit = Math.min(args.limit ?? maxQueryLimit, maxQueryLimit);
      const anchor = args.anchor === undefined ? undefined : numberOf("M", args.anchor);
      if (args.anchor !== undefined && anchor === undefined) return failed("anchorNotFound");
      if (anchor !== undefined && !call.access.own) {
        const readable = await readableEmails(call.ports.store, account, [anchor], call.access);
        if (readable.size === 0) return failed("anchorNotFound");
      }
      const { collapseThreads = false, calculateTotal = false, position = 0 } = args;
      const what = { filter, collapseThreads };
      const query = (total: boolean) =>
        orders.query(account, {
          ...what,
          sort,
          position,
          anchor: anchor === undefined ? undefined : { email: anchor, offset: args.anchorOffset ?? 0 },
          limit,
          total,
          ranked,
        });
      const kept = calculateTotal ? await totals.of(account, what) : undefined;
      let result: EmailQueryResult =
        kept?.total === 0 && anchor === undefined && position >= 0
          ? { kind: "done", emails: [], position, total: 0, state: kept.state, wanted: undefined }
          : await query(calculateTotal && kept === undefined);
      if (kept !== undefined && result.kind === "done")
        // Something may have happened between the two.
        result =
          stateText(kept.state) === stateText(result.state) ? { ...result, total: kept.total } : await query(true);
      if (kept === undefined && result.kind === "done" && result.total !== undefined)
        if (result.total === 0 || result.total > position + result.emails.length)
          // What was listed to its end cost no more for its total, but for nothing all are gone through.
          totals.want(account, what);
      if (result.kind === "anchor-not-found") return failed("anchorNotFound");
      if (result.kind === "too-expensive") return tooExpensive;
      return {
        ok: {
          accountId: args.accountId,
          queryState: stateText(result.state),
          // Where another email comes in, all of them may fit better or worse.
          canCalculateChanges: !ranked,
          position: result.position,
          ids: result.emails.map((email) => idOf("M", email)),
          ...(result.total === undefined ? {} : { total: result.total }),
          ...(args.limit === undefined || args.limit > limit ? { limit } : {}),
        },
      };
    },
    "shared",
  );
