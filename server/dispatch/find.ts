/** By which source one recipient's mail may leave now: the first that is not suspended and whose warm-ups have room; else until when it waits, and why. */
import type { Admission } from "../queue/dispatching.ts";
import type { Egress, Path } from "../send/site.ts";
import type { Instant, QueuedMessage, QueuedRecipient } from "../store/store.ts";
import type { Rank } from "../warm/eligible.ts";
import type { ShapingBook } from "./limits.ts";
import { partiesOf } from "./parties.ts";
import type { Stream } from "./schema.ts";
import type { EgressPaths } from "./sources.ts";
import type { Ticket, Warmups } from "./warmups.ts";

export type Found =
  | { readonly kind: "go"; readonly path: Path }
  | { readonly kind: "wait"; readonly until: Instant; readonly because: string };

export type Asked = {
  readonly message: QueuedMessage;
  readonly rank: Rank;
  /** By the default source. */
  readonly path: Path;
  readonly provider: string;
  readonly sources: readonly Egress[];
  readonly stream: Stream;
};
export type FindPorts = {
  readonly limits: ShapingBook;
  readonly warmups: Warmups;
  readonly paths: EgressPaths;
  readonly now: () => Instant;
};

/** Where no source is active it is looked at again after this. */
const inactiveMs = 3_600_000;

export function find(asked: Asked, ports: FindPorts, at = 0, refused?: Found): Found | Promise<Found> {
  const { message, rank, path, provider, sources, stream } = asked;
  const { limits, warmups, paths, now } = ports;
  let wait = refused;
  for (let index = at; index < sources.length; index++) {
    const egress = sources[index]!;
    const parties = partiesOf(message, egress.name, provider);
    const suspended = limits.suspended(parties);
    if (suspended !== undefined) {
      wait = sooner(wait, {
        kind: "wait",
        until: suspended.until,
        because: `${suspended.by.rule}: ${suspended.by.sample}`,
      });
      continue;
    }
    if (!warmups.counts(parties)) return { kind: "go", path: paths.by(path, egress) };
    const ticket = warmups.ticket(parties, rank, path.site);
    if (ticket instanceof Promise)
      return ticket.then((answer) =>
        answer.granted
          ? { kind: "go", path: paths.by(path, egress) }
          : find(asked, ports, index + 1, sooner(wait, waiting(answer))),
      );
    if (ticket.granted) return { kind: "go", path: paths.by(path, egress) };
    wait = sooner(wait, waiting(ticket));
  }
  const waits = wait ?? { kind: "wait", until: now() + inactiveMs, because: "no source of its pool is active" };
  return stream.overflow === "exceed" ? beyond(asked, ports, waits) : waits;
}

/** By the first source that may go beyond its quota. */
async function beyond({ message, path, provider, sources }: Asked, ports: FindPorts, waits: Found): Promise<Found> {
  const { limits, warmups, paths } = ports;
  for (const egress of sources) {
    const parties = partiesOf(message, egress.name, provider);
    if (limits.suspended(parties) === undefined && (await warmups.exceed(parties)))
      return { kind: "go", path: paths.by(path, egress) };
  }
  return waits;
}

function waiting(ticket: Ticket): Found {
  return ticket.granted
    ? { kind: "wait", until: 0, because: "" }
    : { kind: "wait", until: ticket.until, because: ticket.because };
}

/** Of two reasons to wait the one that is over first. */
function sooner(one: Found | undefined, other: Found): Found {
  return one === undefined || one.kind === "go" || (other.kind === "wait" && other.until < one.until) ? other : one;
}

/** Recipients that go the same way, or wait for the same, together. */
export function grouped(
  recipients: readonly QueuedRecipient[],
  found: readonly Found[],
  park: () => string | undefined,
): readonly Admission[] {
  if (recipients.length === 1) {
    const only = found[0]!;
    return [only.kind === "go" ? { kind: "go", recipients, path: only.path } : { ...only, recipients, park: park() }];
  }
  const groups = new Map<string, { readonly found: Found; readonly recipients: QueuedRecipient[] }>();
  for (const [index, one] of found.entries()) {
    const key = one.kind === "go" ? one.path.key : `${one.until}`;
    const group = groups.get(key);
    if (group === undefined) groups.set(key, { found: one, recipients: [recipients[index]!] });
    else group.recipients.push(recipients[index]!);
  }
  return [...groups.values()].map(({ found: one, recipients: some }) =>
    one.kind === "go" ? { kind: "go", recipients: some, path: one.path } : { ...one, recipients: some, park: park() },
  );
}
