/** Settings that are kept in the store and hold at once; the configuration file has the others. */
import { auditDays, auditDaysSetting } from "../store/ops/audit.ts";
import { journeyDays, journeyDaysSetting } from "../store/tidy.ts";
import { type Command, command, done, no, type World } from "./command.ts";

const maxDays = 4_000;

async function kept({ store }: Pick<World, "store">) {
  const [journeys, audit] = await Promise.all([store.setting(journeyDaysSetting), store.setting(auditDaysSetting)]);
  return {
    journeyDays: typeof journeys === "number" ? journeys : journeyDays,
    auditDays: typeof audit === "number" ? audit : auditDays,
  };
}

export const settingCommands: readonly Command[] = [
  command("setting show", "Settings that hold at once (routes: angarium route list).", {}, async (_, world) =>
    done(await kept(world)),
  ),
  command(
    "setting set",
    "Change settings that hold at once.",
    {
      journeyDays: { type: "number", help: "how long it is kept what happened to each message" },
      auditDays: { type: "number", help: "how long the audit log is kept" },
    },
    async (given, world) => {
      const wanted = [
        [journeyDaysSetting, given.journeyDays],
        [auditDaysSetting, given.auditDays],
      ] as const;
      for (const [, days] of wanted)
        if (days !== undefined && (!Number.isInteger(days) || days < 1 || days > maxDays))
          return no(`${days} is no number of days: 1 to ${maxDays}.`);
      for (const [name, days] of wanted) if (days !== undefined) await world.store.putSetting(name, days);
      return done(await kept(world));
    },
  ),
];
