/** Who may write to a group: decided from values alone. */
import { mailboxesOf } from "../../protocol/mime/fields/address.ts";
import { type Header, headerValue } from "../../protocol/mime/header.ts";
import { formatMailbox, parseMailbox } from "../../protocol/smtp/address.ts";
import { type Reply, reply } from "../../protocol/smtp/reply.ts";
import type { GroupPosting } from "../access/directory.ts";
import type { Received } from "../receive/received.ts";

const peopleOnly = reply(550, "5.7.2", "Only people of its domain may write to this group, logged in to their server");
const membersOnly = reply(550, "5.7.2", "Only members may write to this group");

/**
 * Undefined where the message may go to the group. People here must have logged in: a From of ours that comes from outside proves
 * nothing. Members elsewhere are believed their From, where the policy of its domain does not say that it is forged.
 */
export function refusedByGroup(
  mail: Pick<Received, "account" | "via">,
  header: Header,
  { who, members, domain }: GroupPosting,
  isForged: boolean,
): Reply | undefined {
  // What we write ourselves: notices, lists that have the group for a member.
  if (mail.via === "local" && mail.account === undefined) return undefined;
  if (mail.account !== undefined) {
    if (who === "members") return members.includes(mail.account.name) ? undefined : membersOnly;
    return mail.account.name.endsWith(`@${domain}`) ? undefined : peopleOnly;
  }
  if (who === "people") return peopleOnly;
  const [first] = mailboxesOf(headerValue(header, "from") ?? "", 1);
  const author = first === undefined ? undefined : parseMailbox(`${first.local}@${first.domain}`);
  if (author === undefined || author.domain === domain || isForged) return membersOnly;
  return members.includes(formatMailbox(author).toLowerCase()) ? undefined : membersOnly;
}
