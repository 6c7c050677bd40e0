/** What becomes of a message to a list: decided from values alone. */
import { type Reply, reply } from "../../protocol/smtp/reply.ts";
import type { ListSettings, MemberRole } from "../store/lists-store.ts";

export type Post = {
  readonly sizeBytes: number;
  /** What the author is to the list; undefined: nobody. */
  readonly role: MemberRole | undefined;
  /** The list has sent it already. */
  readonly isLoop: boolean;
  /** A program answers, or tells of a failure: in a few words. */
  readonly automatic: string | undefined;
  readonly looksLikeSpam: boolean;
  /** Its author's domain was asked and does not stand for it. */
  readonly isForged: boolean;
};

export type Decision =
  | { readonly kind: "post" }
  | { readonly kind: "hold"; readonly why: string }
  | { readonly kind: "refuse"; readonly reply: Reply }
  | { readonly kind: "discard"; readonly why: string };

const loop = reply(554, "5.4.6", "This list has sent this message already: it goes round in a loop");
const tooBig = reply(552, "5.3.4", "Message is larger than this list takes");
const membersOnly = reply(550, "5.7.2", "Only members may post to this list");
const moderatorsOnly = reply(550, "5.7.2", "Only its moderators may post to this list");

export function decidePost(post: Post, settings: ListSettings): Decision {
  const { role } = post;
  if (post.isLoop) return { kind: "refuse", reply: loop };
  // Answers of programs to a list reach everybody, and are answered by other programs (RFC 3834 §2).
  if (post.automatic !== undefined) return { kind: "discard", why: post.automatic };
  if (post.sizeBytes > settings.maxMessageBytes) return { kind: "refuse", reply: tooBig };
  if (post.isForged) return { kind: "hold", why: "The domain of its author does not stand for it: it may be forged." };
  if (post.looksLikeSpam) return { kind: "hold", why: "It looks like spam." };
  if (role === "moderator" || role === "owner") return { kind: "post" };
  if (settings.posting === "moderators") return others(settings, moderatorsOnly, "Only moderators post to this list.");
  if (settings.posting === "members" && role === undefined)
    return others(settings, membersOnly, "Its author is no member.");
  return settings.moderated ? { kind: "hold", why: "All posts to this list wait for a moderator." } : { kind: "post" };
}

function others({ others: what }: ListSettings, refusal: Reply, why: string): Decision {
  switch (what) {
    case "hold":
      return { kind: "hold", why };
    case "refuse":
      return { kind: "refuse", reply: refusal };
    case "discard":
      return { kind: "discard", why };
    default:
      return what satisfies never;
  }
}
