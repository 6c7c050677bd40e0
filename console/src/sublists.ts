/** How lists that stand below one thing are shown, where more is to be said than the API says. By the last part of their path. */
import type { Row } from "./api/call.ts";

export type Sublist = {
  /** In this order. All fields, the first six, where nothing is said. */
  readonly columns?: readonly string[];
  /** Said of a list that is empty, and of settings of which none is set. */
  readonly nothing?: string;
  /** What adding one is called. */
  readonly add?: string;
  /** Whether this can be done about this one, by the last part of the path. */
  readonly acts?: { readonly [verb: string]: (row: Row) => boolean };
  /** Only the person of the account can add one. */
  readonly own?: true;
};

export const sublists: { readonly [name: string]: Sublist } = {
  "app-passwords": {
    columns: ["label", "scopes", "sending", "createdAt", "usedAt", "expiresAt"],
    nothing: "None. Each device or program can have a password of its own.",
    add: "Make an app password",
  },
  tokens: {
    columns: ["label", "scopes", "remote", "createdAt", "usedAt", "expiresAt"],
    nothing: "None. A token lets a program use the API in the name of this account.",
    add: "Make a token",
    own: true,
  },
  sessions: { columns: ["label", "remote", "createdAt", "usedAt", "expiresAt"], nothing: "No browser is signed in." },
  shares: { nothing: "Nobody else.", add: "Let somebody in" },
  members: { nothing: "Nobody yet.", add: "Add members", acts: { resume: ({ paused }) => paused === true } },
  filter: { nothing: "Nothing of its own: what is set further up (the domain, the tenant, the server) holds." },
  "sending-limits": {
    nothing:
      "Nothing of its own. What its accounts may send together can be bounded here, and what each of them is taken for.",
  },
  attachments: {
    nothing:
      "Nothing of its own: what is set further up holds. A kind of dangerous attachment can be let through, stripped or refused here.",
  },
  posts: { columns: ["author", "subject", "at", "sizeBytes"], nothing: "Nothing yet." },
  held: { columns: ["author", "subject", "why", "at"], nothing: "Nothing waits." },
  requests: { columns: ["address", "displayName", "action", "state", "at"], nothing: "Nobody." },
};
