import * as is from "../../../protocol/jmap/check.ts";
import { idOf, numberOf } from "../../../protocol/jmap/ids.ts";
import { parseState, stateText } from "../../../protocol/jmap/state.ts";
import { failed } from "../../../protocol/jmap/types.ts";
import { readableEmails, readableFilter, readableSort } from "../access.ts";
import { queryChangesArgs } from "../arguments.ts";
import { method } from "../call.ts";
import { mail } from "../capabilities.ts";
import { isRanked, readFilter, readSort } from "../email-filter.ts";
import type { MatchMemory } from "../match-memory.ts";
import type { OrderMemory } from "../order-memory.ts";
import { tooExpensive } from "./email-query.ts";

const shape = is.object({ ...queryChangesArgs, collapseThreads: is.optional(is.bool) });

/** RFC 8621 §4.5. */
export const emailQueryChanges = (orders: OrderMemory, matches: MatchMemory) =>
  method(
    mail,
    shape,
    async (args, call, account) => {
      const asked = readFilter(args.filter);
      if (asked !== undefined && "error" in asked) return asked;
      const filter = readableFilter(asked, call.access);
      if (isRanked(args.sort)) return failed("cannotCalculateChanges");
      const wanted = readSort(args.sort);
      if ("error" in wanted) return wanted;
      const sort = readableSort(wanted, call.access);
      const since = parseState(args.sinceQueryState);
      if (since === undefined) return failed("cannotCalculateChanges");
      const { collapseThreads = false, calculateTotal: total = false } = args;
      // RFC 8620 §5.6: where mailboxes and keywords may change, upToId says nothing.
      const isFixed = filter === undefined && !collapseThreads && sort.every(({ by }) => typeof by === "string");
      const upTo = isFixed && args.upToId !== undefined ? numberOf("M", args.upToId) : undefined;
      const changes = (count: boolean) =>
        orders.changes(account, { filter, sort, collapseThreads, total: count }, since, args.maxChanges, upTo);
      const kept = total ? await matches.of(account, { filter, collapseThreads }) : undefined;
      let result = await changes(total && kept === undefined);
      if (kept !== undefined && result.kind === "done")
        result =
          stateText(kept.state) === stateText(result.state) ? { ...result, total: kept.total } : await changes(true);
      switch (result.kind) {
        case "cannot":
          return failed("cannotCalculateChanges");
        case "too-expensive":
          return tooExpensive;
        case "too-many":
          return failed("tooManyChanges", `There are ${result.count} changes.`);
        case "done": {
          const added = new Set(result.added.map(({ email }) => email));
          const { readable } = call.access;
          // Of another's account only what the caller can have had.
          const lost =
            readable === undefined
              ? undefined
              : new Set([
                  ...(await call.ports.store.lostFrom(account, readable, since, "email", result.removed)),
                  ...(await readableEmails(call.ports.store, account, result.removed, call.access)).keys(),
                  ...added,
                ]);
          return {
            ok: {
              accountId: args.accountId,
              oldQueryState: args.sinceQueryState,
              newQueryState: stateText(result.state),
              removed: result.removed.filter((email) => lost?.has(email) ?? true).map((email) => idOf("M", email)),
              added: result.added.map(({ email, index }) => ({ id: idOf("M", email), index })),
              ...(result.total === undefined ? {} : { total: result.total }),
            },
          };
        }
        default:
          return result satisfies never;
      }
    },
    "shared",
  );
