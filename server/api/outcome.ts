/** Commands and what they refuse, for the API: the same functions as the command line's. */
import type { Refused } from "../admin/command.ts";
import { perform } from "../admin/commands.ts";
import { conflict, type Problem, wrongField } from "./problem.ts";
import type { ApiWorld } from "./route.ts";

/** What a shared function refused: beside the field that it is about, or as a conflict with what there is. */
export const refusal = (
  { why, field }: Refused,
  fields: { readonly [argument: string]: string } = {},
): Problem<"conflict" | "validation"> =>
  field === undefined ? conflict(why) : wrongField(`/${fields[field] ?? field}`, why);

/** Runs a command with arguments that the schema has checked already. */
export async function performed(
  world: ApiWorld,
  name: string,
  args: { readonly [name: string]: unknown },
): Promise<{ readonly result: unknown } | Problem<"conflict" | "validation">> {
  const given = Object.fromEntries(Object.entries(args).filter(([, value]) => value !== undefined));
  const outcome = await perform(name, given, world, () => {});
  return outcome.kind === "done" ? { result: outcome.result } : refusal(outcome);
}
