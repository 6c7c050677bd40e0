/** The assembly of the abuse desk: what comes to abuse@, and what follows from it. */
import type { Mac } from "../../protocol/return-path/srs.ts";
import type { Directory } from "../access/directory.ts";
import type { Log } from "../base/log.ts";
import type { Deliver } from "../deliver/deliver.ts";
import type { Steering } from "../dispatch/steer.ts";
import type { ReportReader } from "../report/incoming.ts";
import { makePost, type Post } from "../report/post.ts";
import type { Instant, Store } from "../store/store.ts";
import { type Desk, makeDesk } from "../uphold/desk.ts";
import { makeIntake } from "../uphold/intake.ts";
import type { AbuseSettings } from "../uphold/settings.ts";
import { reportingDomain } from "./reporting.ts";
import type { Sending } from "./running-sending.ts";

export type Upholding = {
  readonly intake: ReportReader;
  /** Undefined: nobody's sending is looked after. */
  readonly desk: Desk | undefined;
  stop(): void;
};

/** Strikes that have expired are looked for so often. */
const tickMs = 60_000;

export function startUpholding(parts: {
  readonly store: Store;
  readonly directory: Pick<Directory, "domain">;
  readonly queue: Steering["queue"];
  readonly sending: Pick<Sending, "model" | "file" | "raise"> | undefined;
  readonly settings: AbuseSettings;
  readonly mac: Mac;
  readonly sign: (bytes: Uint8Array, domain: string) => Promise<string>;
  readonly give: Deliver["give"];
  readonly ourHost: string;
  readonly now: () => Instant;
  readonly newId: () => string;
  readonly log: Log;
}): Upholding {
  const { store, directory, sending, log } = parts;
  const intake = makeIntake({
    ...parts,
    tenantOf: (domain) => sending?.model().domain.get(domain)?.tenant ?? "",
    isTenant: (name) => sending?.model().tenant.has(name) ?? false,
    isLocal: async (domain) => (await directory.domain(domain))?.kind === "local",
  });
  const post: Post = async (letter) => {
    const domain = reportingDomain(await store.domains(), parts.ourHost);
    const from = { name: `Abuse desk of ${parts.ourHost}`, address: `abuse@${domain}` };
    return makePost({ ...parts, from, domain })(letter);
  };
  const desk = sending && makeDesk({ ...parts, file: sending.file, post, raise: sending.raise });
  const timer =
    desk &&
    setInterval(() => {
      desk.passTime().catch((error: unknown) => log.error({ error }, "strikes cannot be looked at; they are again"));
    }, tickMs).unref();
  return { intake, desk, stop: () => clearInterval(timer) };
}
