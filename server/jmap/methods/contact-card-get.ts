import * as is from "../../../protocol/jmap/check.ts";
import type { JsonObject } from "../../../protocol/jmap/types.ts";
import { failed } from "../../../protocol/jmap/types.ts";
import { breathingFilter, breathingMap } from "../../base/breathe.ts";
import { getArgs, pick, tooManyToGet } from "../arguments.ts";
import { method } from "../call.ts";
import { contacts } from "../capabilities.ts";
import { shownMedia } from "../card-media.ts";
import { cardType } from "../contacts.ts";
import { forCaller } from "../object-type.ts";

/** RFC 9610 §3.1: a card has the properties it has. */
export const contactCardGet = method(
  contacts,
  is.object(getArgs),
  async ({ accountId, ids, properties }, call, account) => {
    const refusal = tooManyToGet(ids, call);
    if (refusal !== undefined) return refusal;
    const { sees, show = shownMedia, floor = 0 } = forCaller(cardType, call);
    const found = await call.ports.store.objects(account, cardType.name, ids);
    const objects =
      sees === undefined
        ? found.objects
        : await breathingFilter(found.objects, ({ id, data }) => sees(data as JsonObject, id));
    const state = Math.max(found.state, floor);
    if (objects.length > call.ports.settings.maxObjectsInGet)
      return failed("requestTooLarge", "There are more cards than that: ask for them by their ids.");
    const list = await breathingMap(objects, ({ id, data }) => {
      const card: JsonObject = { id, ...show(data as JsonObject, id) };
      return properties === undefined ? card : pick(card, ["id", ...properties]);
    });
    if (!call.room.hasFor(list))
      return failed("requestTooLarge", "The cards are too large together: ask for fewer at once.");
    const there = new Set(objects.map(({ id }) => id));
    return {
      ok: {
        accountId,
        state: String(state),
        list,
        notFound: [...new Set(ids ?? [])].filter((id) => !there.has(id)),
      },
    };
  },
  "books",
);
