/** What a list writes to people: confirmations, news for moderators, answers to commands. */
import { parseMessage } from "../../protocol/mime/parse.ts";
import { partsOf, visitText } from "../../protocol/mime/searchable.ts";
import { makePost } from "../report/post.ts";
import type { ListPost, ListRequest, Member } from "../store/lists-store.ts";
import { confirmPath, listId } from "./compose.ts";
import type { DistributePorts } from "./ports.ts";
import { type List, partAddress } from "./settings.ts";
import { listToken } from "./tokens.ts";

/** Of a message that waits, what moderators are shown of its text. */
const maxShownBytes = 4_000;
const maxTold = 50;

export type Letters = ReturnType<typeof makeLetters>;

export function makeLetters(ports: DistributePorts) {
  const { store, mac, base, log } = ports;

  /** A letter is owed, but nothing hangs on it: trouble is a line in the log. */
  const send = async (
    list: List,
    to: string,
    subject: string,
    text: string,
    answersTo: string = partAddress(list, "owner"),
  ): Promise<void> => {
    const name = list.settings.displayName || list.address;
    const post = makePost({ ...ports, from: { name, address: partAddress(list, "request") }, domain: list.domain });
    const fields = [
      { name: "Reply-To", raw: `<${answersTo}>` },
      { name: "List-Id", raw: `<${listId(list)}>` },
    ];
    try {
      await post({ to, subject, text, fields });
    } catch (error) {
      log.error({ list: list.address, to, error }, "a letter of a list was not sent");
    }
  };

  /** Those who look after it, moderators too where `all`; the postmaster where there is nobody. */
  const keepers = async (list: List, all: boolean): Promise<readonly string[]> => {
    const members = await store.listMembers({ list: list.address });
    const wanted = members.filter(({ role }) => role === "owner" || (all && role === "moderator"));
    const found = wanted.length > 0 ? wanted : members.filter(({ role }) => role === "moderator");
    return found.length > 0 ? found.slice(0, maxTold).map(({ address }) => address) : [`postmaster@${list.domain}`];
  };

  return {
    keepers,

    async confirm(list: List, { id, address, action, secret }: ListRequest): Promise<void> {
      const token = `${id}-${secret}`;
      const what = wish(action, list.address);
      await send(
        list,
        address,
        `Confirm: ${what}`,
        `Somebody, probably you, asked that ${address} may ${what}.\n\n` +
          `If it was you, answer this mail, or open\n\n${base}${confirmPath}${token}\n\n` +
          "If it was not you, do nothing: nothing will happen.\n",
        partAddress(list, "confirm", token),
      );
    },

    welcome: (list: List, member: Pick<Member, "address" | "delivery">): Promise<void> =>
      send(
        list,
        member.address,
        `Welcome to ${list.address}`,
        `${member.address} is a member of the list ${list.address} now. ${ways[member.delivery]}\n${list.settings.description === "" ? "" : `\n${list.settings.description}\n`}\n` +
          `To write to all: ${list.address}\nTo leave: ${partAddress(list, "unsubscribe")}\n${otherWays(list)}Those who look after it: ${partAddress(list, "owner")}\n`,
      ),

    changed: (list: List, address: string, delivery: Member["delivery"]): Promise<void> =>
      send(
        list,
        address,
        `How you get the posts of ${list.address}`,
        `${address} is a member of ${list.address}. ${ways[delivery]}\n\n${otherWays(list)}`,
      ),

    goodbye: (list: List, address: string): Promise<void> =>
      send(
        list,
        address,
        `You have left ${list.address}`,
        `${address} is no member of the list ${list.address} any more.\n\nTo join again: ${partAddress(list, "subscribe")}\n`,
      ),

    help: (list: List, address: string): Promise<void> =>
      send(
        list,
        address,
        `Help for ${list.address}`,
        `${list.settings.description === "" ? "" : `${list.settings.description}\n\n`}` +
          `Write an empty mail to one of these addresses:\n\nTo join: ${partAddress(list, "subscribe")}\nTo leave: ${partAddress(list, "unsubscribe")}\n` +
          `${otherWays(list)}Those who look after it: ${partAddress(list, "owner")}\n\n` +
          `Or write "subscribe", "digest daily", "digest weekly", "digest off", "unsubscribe" or "help" as the subject of a mail to ${partAddress(list, "request")}.\n`,
      ),

    closed: (list: List, address: string): Promise<void> =>
      send(
        list,
        address,
        `You cannot join ${list.address} by yourself`,
        `The members of ${list.address} are chosen by those who look after it. Ask them: ${partAddress(list, "owner")}\n`,
      ),

    already: (list: List, { address, delivery }: Pick<Member, "address" | "delivery">): Promise<void> =>
      send(
        list,
        address,
        `You are a member of ${list.address}`,
        `${address} is a member of ${list.address} already. ${ways[delivery]}\n\n${otherWays(list)}`,
      ),

    waiting: (list: List, address: string): Promise<void> =>
      send(
        list,
        address,
        `Your wish to join ${list.address} waits`,
        "Those who look after the list decide. You will hear from them.\n",
      ),

    async wantsToJoin(list: List, { id, address, displayName }: ListRequest): Promise<void> {
      const token = listToken("request", id, mac);
      for (const to of await keepers(list, true))
        await send(
          list,
          to,
          `${address} wants to join ${list.address}`,
          `${displayName === "" ? address : `${displayName} <${address}>`} has asked to join ${list.address}.\n\n` +
            `To say yes, answer this mail (${partAddress(list, "accept", token)}).\nTo say no, write to ${partAddress(list, "reject", token)}\n`,
          partAddress(list, "accept", token),
        );
    },

    async held(list: List, post: Pick<ListPost, "id" | "author" | "subject" | "why" | "sizeBytes">, bytes: Buffer) {
      const token = listToken("post", post.id, mac);
      for (const to of await keepers(list, true))
        await send(
          list,
          to,
          `Waiting for you: ${post.subject.slice(0, 100)}`,
          `A message to ${list.address} waits for a moderator. ${post.why}\n\n` +
            `From: ${post.author}\nSubject: ${post.subject}\nBytes: ${post.sizeBytes}\n\n` +
            `To let it through, answer this mail (${partAddress(list, "accept", token)}).\n` +
            `To remove it, write to ${partAddress(list, "reject", token)}\n\n` +
            `This is how it begins:\n\n${quoted(bytes)}\n`,
          partAddress(list, "accept", token),
        );
    },

    rejected: (list: List, post: Pick<ListPost, "author" | "subject">, reason: string): Promise<void> =>
      send(
        list,
        post.author,
        `Not sent: ${post.subject.slice(0, 100)}`,
        `Your message "${post.subject}" to ${list.address} was not sent to its members.\n${reason === "" ? "" : `\n${reason}\n`}`,
      ),

    async paused(list: List, member: Member): Promise<void> {
      const text =
        `Mail of the list ${list.address} to ${member.address} came back ${member.bounces} times. ` +
        "No more is sent there until somebody resumes it";
      for (const to of await keepers(list, false))
        await send(list, to, `${member.address} is paused on ${list.address}`, `${text}.\n`);
      await send(
        list,
        member.address,
        `You are paused on ${list.address}`,
        `${text}: write to ${partAddress(list, "subscribe")}\n`,
      );
    },
  };
}

const ways: { readonly [Way in Member["delivery"]]: string } = {
  each: "Each post comes by itself.",
  daily: "The posts of a day come together, each morning.",
  weekly: "The posts of a week come together, each Monday morning.",
  none: "No posts come by mail.",
};

const otherWays = (list: List): string =>
  `To get the posts of a day, of a week, or each by itself: ${(["daily", "weekly", "each"] as const).map((way) => partAddress(list, "subscribe", way)).join(", ")}\n`;

/** Behind "may". */
function wish(action: ListRequest["action"], list: string): string {
  switch (action) {
    case "subscribe":
      return `join the list ${list}`;
    case "unsubscribe":
      return `leave the list ${list}`;
    case "each":
      return `get each post of the list ${list} by itself`;
    case "daily":
      return `get the posts of the list ${list} together, each day`;
    case "weekly":
      return `get the posts of the list ${list} together, each week`;
    case "none":
      return `be a member of the list ${list} without its posts`;
    default:
      return action satisfies never;
  }
}

function quoted(bytes: Buffer): string {
  let text = "";
  for (const part of partsOf(parseMessage(bytes)))
    if (
      visitText(bytes, part, maxShownBytes, (found) => {
        text = typeof found === "string" ? found : Buffer.from(found).toString("latin1");
        return true;
      })
    )
      break;
  return text
    .slice(0, maxShownBytes)
    .split(/\r?\n/)
    .map((line) => `> ${line}`)
    .join("\n");
}
