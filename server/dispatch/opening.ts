/** What a park may let go now: as many as the quotas behind it have room for, or until when nothing. */
import type { Opening } from "../queue/dispatching.ts";
import type { Instant } from "../store/store.ts";
import type { ShapingBook } from "./limits.ts";
import { defaultName, type Model, streamOf } from "./model.ts";
import { type ParkKey, parkKey } from "./parks.ts";
import { rankOf, stoppedBecause, stoppedMs } from "./parties.ts";
import type { Sampling } from "./sampling.ts";
import type { Stream } from "./schema.ts";
import { sourcesOf } from "./sources.ts";
import type { Warmups } from "./warmups.ts";

export type ParkPorts = {
  readonly limits: ShapingBook;
  readonly warmups: Warmups;
  readonly model: Model;
  readonly sampling?: Pick<Sampling, "look"> | undefined;
};

/** A sample of which not enough is known is looked at again after this. */
const sampleMs = 2_000;
/** Recipients of a park claimed at a time where nothing bounds them. */
const parkPortion = 200;

export function openingOf(park: string, urgency: number, now: Instant, ports: ParkPorts): Opening {
  const { model } = ports;
  const { tenant, stream: name, campaign, provider, domain } = parkKey(park);
  const stream = streamOf(model, tenant, name) ?? streamOf(model, "", defaultName)!;
  const stopped = stoppedBecause(model, { tenant, ...(campaign === "" ? {} : { campaign }) }, stream);
  if (stopped !== undefined) return { kind: "closed", until: now + stoppedMs, because: stopped };
  const sample =
    stream.kind === "marketing" && campaign !== "" ? ports.sampling?.look(`${tenant}/${campaign}`) : undefined;
  if (sample?.kind === "wait") return { kind: "closed", until: now + sampleMs, because: sample.because };
  if (sample?.kind === "stop") return { kind: "closed", until: now + stoppedMs, because: sample.why };
  const opening = byQuotas(stream, { tenant, campaign, provider, domain }, urgency, park, now, ports);
  if (sample?.kind !== "sample" || opening.kind === "closed") return opening;
  const { room } = sample;
  return {
    kind: "open",
    count: Math.min(opening.count, room),
    budgets: [...opening.budgets, { key: `sample ${tenant}/${campaign}`, room }],
  };
}

function byQuotas(
  stream: Stream,
  { tenant, campaign, provider, domain }: Omit<ParkKey, "stream">,
  urgency: number,
  park: string,
  now: Instant,
  { limits, warmups, model }: ParkPorts,
): Opening {
  if (provider === "") return { kind: "open", count: parkPortion, budgets: [] };
  let wait: Wait | undefined;
  let room = 0;
  for (const { name: source } of sourcesOf(model, stream, park)) {
    const mailing = campaign === "" ? "" : `${tenant}/${campaign}`;
    const parties = { source, domain, tenant, campaign: mailing, provider };
    const suspended = limits.suspended(parties);
    if (suspended !== undefined) {
      wait = sooner(wait, { until: suspended.until, because: `${suspended.by.rule}: ${suspended.by.sample}` });
      continue;
    }
    const found = warmups.room(parties, rankOf({ urgency }), now);
    if (found === undefined) return { kind: "open", count: parkPortion, budgets: [] };
    if ("room" in found) room += found.room;
    else wait = sooner(wait, found);
    if (stream.overflow === "exceed") room += warmups.beyond(parties);
  }
  if (room === 0)
    return { kind: "closed", ...(wait ?? { until: now + stoppedMs, because: "no source of its pool is active" }) };
  const budgets = [{ key: `${stream.pool}/${provider}`, room }];
  if (domain !== "") budgets.push({ key: `@${domain}/${provider}`, room });
  return { kind: "open", count: Math.min(room, parkPortion), budgets };
}

type Wait = { readonly until: Instant; readonly because: string };
const sooner = (one: Wait | undefined, other: Wait): Wait =>
  one === undefined || other.until < one.until ? other : one;
