/** Whose mail a message is and how it is sent: its tenant, stream and campaign, by what the submission asks for and the model allows. Pure. */
import { base32 } from "../../protocol/return-path/base32.ts";
import type { Mac } from "../../protocol/return-path/srs.ts";
import { type Reply, reply } from "../../protocol/smtp/reply.ts";
import type { Writable } from "../store/queued.ts";
import { type Rank, rankOf } from "../warm/eligible.ts";
import { lifetimeOf, type Named, streamOf } from "./model.ts";
import { parkName } from "./parks.ts";
import type { Stream, Tenant } from "./schema.ts";

/** Mail that a program hands over waits so long for its time at most. */
export const maxDelayMs = 30 * 86_400_000;

/** What is counted of a message: pictures loaded, links followed. */
export type Tracking = { readonly opens: boolean; readonly clicks: boolean };

/** What a submission may ask for: `X-Angarium-Stream`, `-Campaign`, `-List`, `-Engaged`, `-Tracking`, `-Tag`; the API has the same by other names. */
export type SendingWish = {
  readonly stream?: string | undefined;
  readonly campaign?: string | undefined;
  /** Of the tenant's lists: unsubscriptions go by it. */
  readonly list?: string | undefined;
  /** Days since the recipients last showed interest; who has shown none is asked last. */
  readonly engagedDays?: number | undefined;
  /** The same for single recipients, by address in lower case. */
  readonly engaged?: ReadonlyMap<string, number> | undefined;
  /** Told again in events; the API says them of each recipient (`Sender.about`). */
  readonly tags?: { readonly [name: string]: string | boolean } | undefined;
  /** What is not said is as the stream has it. */
  readonly tracking?: { readonly [what in keyof Tracking]?: boolean | undefined } | undefined;
};

/** A message of a tenant on its way into the queue. */
export type Sender = {
  readonly tenant: string;
  readonly stream: string;
  readonly marketing: boolean;
  /** People's own letters: their accounts are limited, beside the tenant. */
  readonly personal?: true;
  readonly campaign: string | undefined;
  readonly list: string | undefined;
  /** Domain of the header's author. */
  readonly author: string;
  /** Undefined: as the queue does by itself. */
  readonly lifetimeMs: number | undefined;
  /** Where it waits for its turn; undefined: it goes at once. */
  readonly park: string | undefined;
  readonly rankOf: (address: string) => Rank;
  /** What the tenant said of it (tags, metadata): plain JSON, told again in its events. */
  readonly about?: { readonly [name: string]: unknown };
  /** It goes to nobody: the sandbox of this domain plays its receivers, whoever they are. */
  readonly sandbox?: string;
  /** It goes to a seed mailbox, which knows it by this (`server/seed`). */
  readonly seed?: string;
  /** Undefined: nothing. */
  readonly tracking?: Tracking | undefined;
  /** Its stream is for mail that answers a form which anybody can fill in with anybody's address. */
  readonly confirms?: true;
};

/** Whether it confirms what somebody filled in: its stream says so, or a tag "confirmation", or "kind:confirmation". */
export function isConfirmation({ confirms, about }: Pick<Sender, "confirms" | "about">): boolean {
  if (confirms === true) return true;
  const tags = about?.["tags"];
  if (typeof tags !== "object" || tags === null) return false;
  const { confirmation, kind } = tags as { readonly [name: string]: unknown };
  return (confirmation !== undefined && confirmation !== false && confirmation !== "false") || kind === "confirmation";
}

const nameForm = /^[A-Za-z0-9](?:[A-Za-z0-9._-]{0,62}[A-Za-z0-9])?$/;

/** It asks for nothing. */
export const noWish: SendingWish = {};

/** Undefined: nobody's who is looked after here. `tenant`: whose it is, where that is known otherwise than by the author's domain. */
export function senderOf(model: Named, author: string, wish: SendingWish, tenant?: string): Sender | Reply | undefined {
  const whose = tenant ?? model.domain.get(author)?.tenant ?? "";
  if (whose === "") return undefined;
  for (const what of ["campaign", "list"] as const)
    if (wish[what] !== undefined && !nameForm.test(wish[what]))
      return refusal(`The ${what} must be a name of letters, digits, ".", "_" and "-" (64 at most)`);
  const owner = model.tenant.get(whose);
  const campaign = wish.campaign === undefined ? undefined : model.campaign.get(`${whose}/${wish.campaign}`);
  const name =
    wish.stream ?? campaign?.stream ?? (wish.campaign === undefined ? owner?.stream : "marketing") ?? "transactional";
  const stream = streamOf(model, whose, name);
  if (stream === undefined) return refusal(`There is no stream "${name.slice(0, 64)}"`);
  if (owner?.state === "suspended") return refusal(`Sending is suspended${because(owner.reason)}`);
  if (campaign?.state === "stopped" || campaign?.state === "done")
    return refusal(`The campaign ${wish.campaign} is ${campaign.state}${because(campaign.reason)}`);
  const marketing = stream.kind === "marketing";
  const tracking = trackingOf(stream, owner, wish.tracking);
  const sender: Writable<Sender> = {
    tenant: whose,
    stream: name,
    marketing,
    campaign: wish.campaign,
    list: wish.list,
    author,
    lifetimeMs: lifetimeOf(stream),
    park: marketing
      ? parkName({ tenant: whose, stream: name, campaign: wish.campaign ?? "", provider: "", domain: "" })
      : undefined,
    // Whoever asked for the mail waits for it; of others it counts when they last cared.
    rankOf: marketing ? rankIn(wish) : () => 1,
  };
  if (stream.kind === "mailbox") sender.personal = true;
  if (tracking !== undefined) sender.tracking = tracking;
  if (stream.confirms) sender.confirms = true;
  if (wish.tags !== undefined) sender.about = { tags: wish.tags };
  return sender;
}

/** How eager recipients of marketing are, by what is said of them. */
export const rankIn =
  ({ engaged, engagedDays }: SendingWish): Sender["rankOf"] =>
  (address) =>
    rankOf(engaged?.get(address.toLowerCase()) ?? engagedDays);

/** The message's own word, else the stream's, else of marketing the tenant's. */
function trackingOf(
  { kind, tracking: ofStream }: Stream,
  owner: Tenant | undefined,
  wish: SendingWish["tracking"],
): Tracking | undefined {
  const usual = ofStream !== "" ? ofStream : kind === "marketing" ? (owner?.tracking ?? "none") : "none";
  if (usual === "none" && wish === undefined) return undefined;
  const opens = wish?.opens ?? (usual === "opens" || usual === "both");
  const clicks = wish?.clicks ?? (usual === "clicks" || usual === "both");
  return opens || clicks ? { opens, clicks } : undefined;
}

function because(reason: string): string {
  return reason === "" ? "" : `: ${reason.replace(/[^ -~]/g, "?").slice(0, 300)}`;
}

function refusal(text: string): Reply {
  return reply(550, "5.7.1", text);
}

/**
 * Our id out of what a message bears so that a complaint about it finds back; undefined where it is none of ours. It is the id itself: 62 random
 * bits that only those know who have the message. A keyed hash beside them, as messages bore before, cost more than all else that is done
 * for a tenant and said nothing more; where there is one it must be right.
 */
export function idOfRef(ref: string, mac: Mac): string | undefined {
  const [, id, hash] = /^([a-z0-9]{4,40})(?:-([a-z2-7]{10}))?$/.exec(ref.trim()) ?? [];
  return id === undefined || hash === undefined || base32(mac(`ref ${id}`), hash.length) === hash ? id : undefined;
}

/** RFC 9477 §3.1.3: the domain of a complaint address that is neither the author's nor below it has to sign too; undefined: it need not. */
export function complaintSigner(model: Named, { author }: Pick<Sender, "author">): string | undefined {
  const { feedback = "" } = model.domain.get(author) ?? {};
  const domain = feedback.slice(feedback.lastIndexOf("@") + 1).toLowerCase();
  return domain === "" || domain === author || domain.endsWith(`.${author}`) ? undefined : domain;
}

/** How Gmail counts complaints about marketing: it is told of each of these by itself, so that no two may be the same word. */
export function feedbackId(
  { campaign = "", tenant, stream }: Pick<Sender, "campaign" | "tenant" | "stream">,
  senderId: string,
): string {
  const words: string[] = [];
  for (const [kind, name] of [
    ["campaign", campaign],
    ["tenant", tenant],
    ["stream", stream],
  ] as const)
    words.push(name !== "" && (words.includes(name) || name === senderId) ? `${name}-${kind}` : name);
  return [...words, senderId].join(":");
}

/** The sender's name in Feedback-ID: the same for all mail of this server, and for good. */
export const defaultSenderId = "angarium";

/** Fields that a tenant's message is given before it is signed, each ended with CRLF. `bears`: whether it brings one of this name (lower case). */
export function senderFields(
  model: Named,
  sender: Sender,
  id: string,
  {
    senderId = defaultSenderId,
    bears,
  }: { readonly senderId?: string; readonly bears?: (name: string) => boolean } = {},
): string {
  const { feedback = "" } = model.domain.get(sender.author) ?? {};
  // RFC 9477 §3.1. Of two Feedback-ID fields Gmail believes neither: a tenant's own goes before.
  return (
    `X-Angarium-Ref: ${id}\r\n` +
    (sender.seed === undefined ? "" : `X-Angarium-Seed: ${sender.seed}\r\n`) +
    (feedback === "" ? "" : `CFBL-Address: ${feedback}; report=arf\r\nCFBL-Feedback-ID: ${id}\r\n`) +
    (sender.marketing && bears?.("feedback-id") !== true ? `Feedback-ID: ${feedbackId(sender, senderId)}\r\n` : "")
  );
}
