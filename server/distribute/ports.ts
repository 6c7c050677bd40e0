/** What mailing lists need of the server. */
import type { Mac } from "../../protocol/return-path/srs.ts";
import type { Directory } from "../access/directory.ts";
import type { Log } from "../base/log.ts";
import type { Deliver } from "../deliver/deliver.ts";
import type { ForwardPorts } from "../deliver/forward.ts";
import type { Instant, Store } from "../store/store.ts";

export type DistributePorts = {
  readonly store: Store;
  readonly directory: Pick<Directory, "resolve" | "domain">;
  readonly give: Deliver["give"];
  readonly spread: Deliver["spread"];
  /** DKIM-Signature lines of a domain of ours, "" for none. */
  readonly sign: (bytes: Uint8Array, domain: string) => Promise<string>;
  readonly seal: ForwardPorts["seal"];
  /** Whether a domain asks for mail that it does not stand for to be refused or put aside (DMARC). */
  readonly isStrict: (domain: string) => Promise<boolean>;
  readonly mac: Mac;
  readonly ourHost: string;
  /** Where links lead: "https://mail.example.org". */
  readonly base: string;
  readonly now: () => Instant;
  readonly newId: () => string;
  /** Letters and digits that nobody guesses. */
  readonly secret: () => string;
  readonly log: Log;
};
