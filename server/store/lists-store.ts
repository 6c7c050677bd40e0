/** Mailing lists: their members, posts that wait or are archived, and requests that want confirming. A part of `Store`. */
import type { ContentId, Instant } from "./ids.ts";

/** Of one list, each. */
export const maxListMembers = 10_000;
/** Of each state but the archive. */
export const maxHeldPosts = 500;
/** The oldest go. */
export const maxArchivedPosts = 50_000;
export const maxListRequests = 1_000;

/** What a list is, beside its address; kept with it (`Address.about`). */
export type ListSettings = {
  readonly displayName: string;
  readonly description: string;
  /** Who may post. */
  readonly posting: "members" | "anyone" | "moderators";
  /** What becomes of what others post. */
  readonly others: "hold" | "refuse" | "discard";
  /** All posts wait for a moderator, those of moderators excepted. */
  readonly moderated: boolean;
  /** "open": whoever confirms; "approved": a moderator decides then; "closed": administrators and owners alone add members. */
  readonly subscribing: "open" | "approved" | "closed";
  /** Put before subjects: "[team]"; "" is none. */
  readonly subjectTag: string;
  /** Where answers go: to the author, or to the list. */
  readonly replyTo: "author" | "list";
  readonly archive: boolean;
  /** Whoever has the address of the page reads the archive, without signing in. */
  readonly publicArchive: boolean;
  /** Below each post: {list}, {name}, {leave} and {archive} stand for themselves; "" is none. */
  readonly footer: string;
  /** Hard bounces after which a member is paused. */
  readonly maxBounces: number;
  readonly maxMessageBytes: number;
};

export type DigestPeriod = "daily" | "weekly";
export type MemberRole = "member" | "moderator" | "owner";
export type Member = {
  readonly id: number;
  /** "team@example.org" */
  readonly list: string;
  /** Lower case. */
  readonly address: string;
  readonly displayName: string;
  readonly role: MemberRole;
  /** "daily", "weekly": posts come together; "none": posts, and reads the archive. */
  readonly delivery: "each" | DigestPeriod | "none";
  /** Mail to it came back too often. */
  readonly paused: boolean;
  /** Hard bounces since the last quiet time. */
  readonly bounces: number;
  readonly bouncedAt: Instant | undefined;
  readonly since: Instant;
};

export type NewListPost = {
  readonly list: string;
  /** "daily", "weekly": it waits to go out with others. */
  readonly state: "held" | "archived" | DigestPeriod;
  readonly messageId: string;
  readonly envelopeFrom: string;
  /** The author's address. */
  readonly author: string;
  readonly subject: string;
  /** A sentence: why it waits. */
  readonly why: string;
  readonly at: Instant;
};
export type ListPost = NewListPost & {
  readonly id: number;
  readonly content: ContentId;
  readonly sizeBytes: number;
};

export type ListRequest = {
  readonly id: number;
  readonly list: string;
  readonly address: string;
  readonly displayName: string;
  /** A way to get posts: to join for that, or to change to it. */
  readonly action: "subscribe" | "unsubscribe" | Member["delivery"];
  /** "unconfirmed": the address has not answered; "waiting": a moderator decides. */
  readonly state: "unconfirmed" | "waiting";
  /** What a confirmation must bring. */
  readonly secret: string;
  readonly at: Instant;
  readonly expiresAt: Instant;
};

export interface ListsReader {
  listMembers(filter: {
    readonly list?: string;
    readonly address?: string;
    readonly id?: number;
    /** Addresses after this one. */
    readonly after?: string;
    readonly limit?: number;
  }): Promise<readonly Member[]>;
  listPosts(filter: {
    readonly list?: string;
    readonly id?: number;
    readonly state?: ListPost["state"];
    readonly messageId?: string;
    /** Posts before this one: the newest come first. */
    readonly before?: number;
    readonly since?: Instant;
    readonly limit: number;
  }): Promise<readonly ListPost[]>;
  /** Posts that wait to go out with others: of which list, since when. */
  listDigests(): Promise<readonly { readonly list: string; readonly period: DigestPeriod; readonly since: Instant }[]>;
  listRequests(filter: {
    readonly list?: string;
    readonly id?: number;
    readonly state?: ListRequest["state"];
    readonly now: Instant;
  }): Promise<readonly ListRequest[]>;
}

export interface ListsWriter {
  /** Makes it, or changes one of this address. */
  putListMember(
    member: Omit<Member, "id" | "paused" | "bounces" | "bouncedAt">,
  ): Promise<{ readonly kind: "done"; readonly member: Member; readonly isNew: boolean } | { readonly kind: "full" }>;
  removeListMember(list: string, address: string): Promise<"done" | "missing">;
  /** One more hard bounce at `at`; those before a quiet time of `quietMs` are forgotten. Answers the member as it is then. */
  noteListBounce(
    id: number,
    about: { readonly at: Instant; readonly quietMs: number; readonly most: number },
  ): Promise<{ readonly member: Member; readonly pausedNow: boolean } | undefined>;
  resumeListMember(list: string, address: string): Promise<"done" | "missing">;
  /** Gives the post's bytes back. */
  removeListPost(id: number): Promise<"done" | "missing">;
  /** "known": one of the same kind is under way since less than `againMs`; an older one is replaced. */
  putListRequest(
    request: Omit<ListRequest, "id">,
    againMs: number,
  ): Promise<{ readonly kind: "done"; readonly id: number } | { readonly kind: "known" | "full" }>;
  changeListRequest(id: number, state: ListRequest["state"], expiresAt: Instant): Promise<"done" | "missing">;
  removeListRequest(id: number): Promise<"done" | "missing">;
  /** All that belongs to a list whose address is gone. */
  forgetList(list: string): Promise<void>;
}

export const listReads = [
  "listMembers",
  "listPosts",
  "listDigests",
  "listRequests",
] as const satisfies readonly (keyof ListsReader)[];
export const listWrites = [
  "putListMember",
  "removeListMember",
  "noteListBounce",
  "resumeListMember",
  "removeListPost",
  "putListRequest",
  "changeListRequest",
  "removeListRequest",
  "forgetList",
] as const satisfies readonly (keyof ListsWriter)[];
