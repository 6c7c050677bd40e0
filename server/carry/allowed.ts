/** What whoever brings in an export may make with it: administrators of a part of the server less than those of all. */
import type { Account, Domain } from "../store/store.ts";

export type Allowed = {
  /** Roles, who administers what, where mail is relayed to, keys: what administrators of the platform alone give. */
  readonly isPlatform: boolean;
  /** A sentence, where this account may not be made or filled; `here` is the one that there is. */
  readonly account: (name: string, quotaBytes: number, here: Account | undefined) => Promise<string | undefined>;
  /** A sentence, where this domain may not be made or filled. */
  readonly domain: (name: string, kind: Domain["kind"], isHere: boolean) => Promise<string | undefined>;
  /** The tenant that new domains belong to; undefined: the one that the export names. */
  readonly tenant: number | undefined;
};
