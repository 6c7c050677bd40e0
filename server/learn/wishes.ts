/** What a person wants the filter to learn of a message, read off where the message lies and how it is marked. Pure. */
import type { SpecialUse } from "../store/store.ts";

export type Lying = {
  readonly role: SpecialUse | undefined;
  readonly keywords: readonly string[];
  /** What the filter said when the message came: its own field, or undefined where there is none. */
  readonly verdict: "spam" | "ham" | undefined;
  /** Delivery put it here, not the person. */
  readonly delivered: boolean;
  /** Delivery put it into Junk for this person, whatever it said to all who got it. */
  readonly junked: boolean;
};

/** "spam" and "ham" are lessons, "nothing" takes an earlier one back, undefined leaves all as it is. */
export type Wish = "spam" | "ham" | "nothing" | undefined;

/** The keywords are those of RFC 9051 §2.3.2, and of programs before it. */
export function wishOf({ role, keywords, verdict, delivered, junked }: Lying): Wish {
  const marks = keywords.map((keyword) => keyword.toLowerCase());
  if (marks.some((mark) => mark === "$notjunk" || mark === "notjunk" || mark === "nonjunk")) return "ham";
  if (marks.some((mark) => mark === "$junk" || mark === "junk")) return "spam";
  // What is thrown away says nothing; what the person wrote is no lesson either.
  if (role === "trash" || role === "drafts" || role === "sent") return undefined;
  if (role === "junk") return verdict === "spam" ? "nothing" : delivered ? undefined : "spam";
  return verdict === "spam" || junked ? "ham" : "nothing";
}

/** The filter's verdict in the header of a kept message: the first field is ours, for those of strangers are taken off. */
export function verdictIn(header: string): "spam" | "ham" | undefined {
  const found = /^x-spam-status:[ \t]*(yes|no)\b/im.exec(header)?.[1];
  return found === undefined ? undefined : found.toLowerCase() === "yes" ? "spam" : "ham";
}
