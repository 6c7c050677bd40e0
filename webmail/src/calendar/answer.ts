/** Sends the answer to an invitation to who organises it (RFC 6047): a mail with the calendar's words and people's. */

import { standsFor } from "../compose/writer.ts";
import { throwRefusal } from "../jmap/client.ts";
import { Trouble, troubleOf } from "../jmap/trouble.ts";
import type { Email, Id, Identity } from "../jmap/types.ts";
import { apply } from "../state/actions.svelte.ts";
import { head } from "../state/heads.svelte.ts";
import { identities } from "../state/identities.svelte.ts";
import { mailboxOf } from "../state/mailboxes.svelte.ts";
import type { Patch } from "../state/patch.ts";
import { session } from "../state/session.svelte.ts";
import { t } from "../words.ts";
import { type Answer, type Invitation, replyTo } from "./invitation.ts";

const keywords: { readonly [answer in Answer]: string } = {
  ACCEPTED: "invitation-accepted",
  DECLINED: "invitation-declined",
  TENTATIVE: "invitation-tentative",
};

/** What was answered, as the email remembers it. */
export function answered(email: Email): Answer | undefined {
  const { keywords: marks } = head(email.id) ?? email;
  return (Object.keys(keywords) as Answer[]).find((answer) => marks[keywords[answer]]);
}

const plain = (address: string): string => address.toLowerCase().replace(/\+[^@]*@/, "@");

/** The reader among those who are invited, as they are named there, and who they write as. */
export function invitedAs(
  invitation: Invitation,
  { to }: Pick<Email, "to">,
): { readonly name: string; readonly email: string; readonly identity: Identity; readonly from: string } | undefined {
  for (const { name, email } of invitation.attendees) {
    const identity = identities.list.find((one) => plain(one.email) === plain(email));
    if (identity !== undefined) return { name, email, identity, from: identity.email };
  }
  // Of a domain that is all one's own: whom the letter was to.
  for (const { name, email } of invitation.attendees) {
    const identity = identities.list.find((one) => standsFor(one, email));
    if (identity !== undefined && to?.some((one) => plain(one.email) === plain(email)))
      return { name, email, identity, from: email };
  }
  return undefined;
}

export async function sendAnswer(
  email: Email,
  invitation: Invitation,
  file: string,
  answer: Answer,
  comment: string,
): Promise<void> {
  const me = invitedAs(invitation, email);
  const to = invitation.organizer;
  if (me === undefined || to === undefined) throw new Trouble("said", t("invitation.notInvited"));
  const drafts = await mailboxOf("drafts", t("role.drafts"));
  const sent = await mailboxOf("sent", t("role.sent"));
  const said = t(
    answer === "ACCEPTED" ? "invitation.saysYes" : answer === "DECLINED" ? "invitation.saysNo" : "invitation.saysMaybe",
    {
      name: me.identity.name || me.name || me.email,
      what: invitation.summary,
    },
  );
  const answers = await session.client.all([
    [
      "Email/set",
      {
        create: {
          draft: {
            mailboxIds: { [drafts.id]: true },
            keywords: { $draft: true, $seen: true },
            from: [{ name: me.identity.name || null, email: me.from }],
            to: [{ name: to.name || null, email: to.email }],
            subject: said,
            messageId: [`${crypto.randomUUID()}@${me.from.split("@").pop()}`],
            ...(email.messageId === null
              ? {}
              : { inReplyTo: email.messageId, references: [...(email.references ?? []), ...email.messageId] }),
            bodyStructure: {
              type: "multipart/alternative",
              subParts: [
                { type: "text/plain", partId: "text" },
                { "header:Content-Type": "text/calendar; method=REPLY; charset=utf-8", partId: "calendar" },
              ],
            },
            bodyValues: {
              text: { value: comment === "" ? said : `${said}\n\n${comment}` },
              calendar: { value: replyTo(invitation, file, me, answer, comment, Date.now()) },
            },
          },
        },
      },
      "e",
    ],
    [
      "EmailSubmission/set",
      {
        create: { send: { identityId: me.identity.id, emailId: "#draft" } },
        onSuccessUpdateEmail: {
          "#send": { [`mailboxIds/${drafts.id}`]: null, [`mailboxIds/${sent.id}`]: true, "keywords/$draft": null },
        },
      },
      "s",
    ],
  ]);
  const made = answers.get("e");
  throwRefusal({ notCreated: made.notCreated });
  const refused = answers.get("s").notCreated?.send as { type: string; description?: string } | undefined;
  if (refused !== undefined) {
    await session.client.one("Email/set", { destroy: [made.created.draft.id as Id] });
    throw troubleOf(refused.type, refused.description);
  }
  const patch: { [path: string]: true | null } = {};
  for (const [one, keyword] of Object.entries(keywords)) patch[`keywords/${keyword}`] = one === answer ? true : null;
  await apply(new Map<Id, Patch>([[email.id, patch]]));
}
