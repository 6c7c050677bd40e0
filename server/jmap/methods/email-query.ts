import * as is from "../../../protocol/jmap/check.ts";
import { idOf, numberOf } from "../../../protocol/jmap/ids.ts";
import { stateText } from "../../../protocol/jmap/state.ts";
import { failed } from "../../../protocol/jmap/types.ts";
import type { EmailQueryResult } from "../../store/jmap.ts";
import { readableEmails, readableFilter, readableSort } from "../access.ts";
import { queryArgs } from "../arguments.ts";
import { method } from "../call.ts";
import { mail } from "../capabilities.ts";
import { isRanked, readFilter, readSort } from "../email-filter.ts";
import type { MatchMemory } from "../match-memory.ts";
import type { OrderMemory } from "../order-memory.ts";

const shape = is.object({ ...queryArgs, collapseThreads: is.optional(is.bool) });
/** Ids of one page, whatever the client asks for. */
export const maxQueryLimit = 5_000;
export const tooExpensive = failed(
  "unsupportedFilter",
  "This search would have to read too many messages: name a mailbox, a time, or longer words.",
);

/** RFC 8621 §4.4. */
export const emailQuery = (orders: OrderMemory, matches: MatchMemory) =>
  method(
    mail,
    shape,
    async (args, call, account) => {
      const asked = readFilter(args.filter);
      if (asked !== undefined && "error" in asked) return asked;
      const filter = readableFilter(asked, call.access);
      const ranked = isRanked(args.sort);
      const wanted = ranked ? [] : readSort(args.sort);
      if ("error" in wanted) return wanted;
      const sort = readableSort(wanted, call.access);
      const limit = Math.min(args.limit ?? maxQueryLimit, maxQueryLimit);
      const anchor = args.anchor === undefined ? undefined : numberOf("M", args.anchor);
      if (args.anchor !== undefined && anchor === undefined) return failed("anchorNotFound");
      if (anchor !== undefined && !call.access.own) {
        const readable = await readableEmails(call.ports.store, account, [anchor], call.access);
        if (readable.size === 0) return failed("anchorNotFound");
      }
      const { collapseThreads = false, calculateTotal = false, position = 0 } = args;
      const what = { filter, collapseThreads };
      const query = (total: boolean, few?: readonly number[]) =>
        orders.query(account, {
          filter:
            few === undefined || filter === undefined
              ? filter
              : { kind: "and", of: [{ kind: "emails", emails: few }, filter] },
          collapseThreads,
          sort,
          position,
          anchor: anchor === undefined ? undefined : { email: anchor, offset: args.anchorOffset ?? 0 },
          limit,
          total,
          ranked,
        });
      // The emails of a mailbox are counted as they come.
      const isCounted = filter?.kind === "in-mailbox" && !collapseThreads;
      const kept = !calculateTotal || ranked || isCounted ? undefined : await matches.now(account, what);
      const emails = { filter, collapseThreads: false };
      const isOpen = ranked || filter === undefined || filter.kind === "in-mailbox";
      const known = isOpen
        ? undefined
        : kept === undefined || collapseThreads
          ? await matches.of(account, emails, true)
          : kept;
      let result: EmailQueryResult =
        kept?.total === 0 && anchor === undefined && position >= 0
          ? { kind: "done", emails: [], position, total: 0, state: kept.state, wanted: undefined, sparse: false }
          : await query(calculateTotal && kept === undefined, known?.few);
      if (result.kind === "done") {
        const { state } = result;
        // Something may have happened between them.
        const isLate = [kept, known].some((one) => one !== undefined && stateText(one.state) !== stateText(state));
        if (isLate) result = await query(calculateTotal);
        else if (kept !== undefined) result = { ...result, total: kept.total };
        if (result.kind === "done" && result.sparse) matches.want(account, emails);
      }
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
