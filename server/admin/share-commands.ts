/** Mailboxes that several people work in. */
import { type Command, command, done, no } from "./command.ts";
import { findAccount, noAccount } from "./names.ts";
import { type ShareRights, share, shareNames, sharesOf } from "./shares.ts";

const owner = { type: "text", placed: true, required: true, help: "whose mailbox it is" } as const;
const account = { type: "text", placed: true, required: true, help: "who works in it" } as const;

export const shareCommands: readonly Command[] = [
  command(
    "share add",
    "Let somebody work in the mailbox of an account, and send as it or on its behalf; again to change what they may.",
    {
      owner,
      account,
      rights: {
        type: "text",
        choices: [...shareNames, "none"],
        help: "write by default; all: make and share folders too",
      },
      sendAs: { type: "flag", help: "may send with its address" },
      sendOnBehalf: { type: "flag", help: "may send with its address in From and their own in Sender" },
    },
    async (given, world) => {
      const [whose, who] = [await findAccount(world.store, given.owner), await findAccount(world.store, given.account)];
      if (whose === undefined) return noAccount(given.owner);
      if (who === undefined) return noAccount(given.account);
      const rights = (given.rights ?? "write") as ShareRights | "none";
      const sendAs = given.sendAs === true;
      const sendOnBehalf = given.sendOnBehalf === true;
      if (rights === "none" && !sendAs && !sendOnBehalf)
        return no("That gives nothing: say --send-as or --send-on-behalf, or other --rights.");
      const shared = await share(world, whose, who, { rights, sendAs, sendOnBehalf });
      return "why" in shared ? shared : done(shared);
    },
  ),
  command("share list", "Who works in the mailbox of an account.", { owner }, async (given, world) => {
    const whose = await findAccount(world.store, given.owner);
    return whose === undefined ? noAccount(given.owner) : done(await sharesOf(world, whose));
  }),
  command("share remove", "Take it away again, sending as it too.", { owner, account }, async (given, world) => {
    const [whose, who] = [await findAccount(world.store, given.owner), await findAccount(world.store, given.account)];
    if (whose === undefined) return noAccount(given.owner);
    if (who === undefined) return noAccount(given.account);
    if (!(await sharesOf(world, whose)).some((one) => one.person === who.name))
      return no(`${who.name} does not work in the mailbox of ${whose.name}: angarium share list ${whose.name}`);
    const shared = await share(world, whose, who, undefined);
    return "why" in shared ? shared : done({ removed: who.name });
  }),
];
