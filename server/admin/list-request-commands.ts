/** Who wants to join or leave a mailing list, where its moderators decide. */
import { type Command, command, done, no, time } from "./command.ts";
import { findList } from "./list-kinds.ts";

const off = "Wishes are decided by the running server: start it.";
const list = { type: "text", placed: true, required: true, help: "the address of the list" } as const;
const id = { type: "number", placed: true, required: true, help: "its number in list-request list" } as const;

export const listRequestCommands: readonly Command[] = [
  command("list-request list", "Who wants to join or leave a mailing list.", { list }, async (given, world) => {
    const found = await findList(world, given.list);
    if ("why" in found) return found;
    const wishes = await world.store.listRequests({ list: found.address, now: world.now() });
    return done(wishes.map(({ id, action, address, state, at }) => ({ id, action, address, state, at: time(at) })));
  }),
  ...(["approve", "reject"] as const).map((verb) =>
    command(
      `list-request ${verb}`,
      verb === "approve" ? "Take somebody into a mailing list who has asked." : "Refuse a wish to join a list.",
      { list, id },
      async (given, world) => {
        if (world.mailingLists === undefined) return no(off);
        const found = await findList(world, given.list);
        if ("why" in found) return found;
        const answer = await world.mailingLists.memberships.decide(found, given.id, verb === "approve");
        return answer === "done"
          ? done({ [verb === "approve" ? "approved" : "rejected"]: given.id })
          : no(`There is no such wish: angarium list-request list ${given.list}`);
      },
    ),
  ),
];
