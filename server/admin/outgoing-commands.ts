/** Whether anything leaves this server by itself: held by `restore`, or by hand; let go by hand alone. */
import { putOffOf, takeBackDue } from "../scheduled/scheduled.ts";
import { withheldOf, withheldSetting } from "../store/withheld.ts";
import { type Command, command, done, no, time, type World } from "./command.ts";

async function shown({ store, now }: Pick<World, "store" | "now">) {
  const [value, queuedRecipients, putOff] = await Promise.all([
    store.setting(withheldSetting),
    store.queueCount(),
    putOffOf(store, now()),
  ]);
  const withheld = withheldOf(value);
  return {
    held: withheld !== undefined,
    since: time(withheld?.since),
    why: withheld?.why,
    queuedRecipients,
    putOff: putOff.all,
    putOffOverdue: putOff.due,
  };
}

/** What is held already stays so for its own reason. */
export async function withhold({ store, now }: Pick<World, "store" | "now">, why: string): Promise<void> {
  if (withheldOf(await store.setting(withheldSetting)) === undefined)
    await store.putSetting(withheldSetting, { since: now(), why });
}

export const outgoingCommands: readonly Command[] = [
  command("outgoing show", "Whether anything leaves this server, and what waits to.", {}, async (_, world) =>
    done(await shown(world)),
  ),
  command(
    "outgoing hold",
    "Let nothing leave this server by itself: mail, webhooks, pushes, reports, DNS updates, orders of certificates.",
    { why: { type: "text", help: "what administrators are told" } },
    async ({ why = "an administrator wants it so" }, world) => {
      await withhold(world, why);
      return done(await shown(world));
    },
  ),
  command(
    "outgoing release",
    "Let all of it go again.",
    {
      discard: {
        type: "flag",
        help: "but not the mail that waits by now: the queue is emptied without telling anybody, and what people have put off and is overdue is taken back",
      },
    },
    async ({ discard }, world) => {
      const { store, queue, now } = world;
      if (withheldOf(await store.setting(withheldSetting)) === undefined)
        return no("Nothing is held: all that leaves goes out. Mail by itself is held by angarium queue hold.");
      const dropped =
        discard === true
          ? {
              droppedRecipients: await (queue === undefined
                ? store.queueAct({}, "delete", now())
                : queue.act({}, "delete")),
              takenBack: await takeBackDue(store, now()),
            }
          : {};
      // As it is now: from the next line on it goes.
      const going = await shown(world);
      await store.putSetting(withheldSetting, undefined);
      return done({ ...going, held: false, since: undefined, why: undefined, ...dropped });
    },
  ),
];
