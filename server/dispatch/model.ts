/** The model as a value: sources, pools, streams, tenants, sending domains, campaigns; what is wrong with it, in sentences. Pure. */
import { stringify } from "smol-toml";
import { type Mistake, readToml } from "../base/toml.ts";
import { keyLines } from "../base/toml-lines.ts";
import { parseDuration } from "../base/units.ts";
import type { SendingRow } from "../store/sending.ts";
import {
  type Campaign,
  type Kind,
  kinds,
  modelFileSchema,
  type Pool,
  type SendingDomain,
  type Source,
  type Stream,
  schemas,
  type Tenant,
  wrongName,
} from "./schema.ts";

export type Named = { readonly [kind in Kind]: ReadonlyMap<string, Values[kind]> };
type Values = {
  readonly source: Source;
  readonly pool: Pool;
  readonly stream: Stream;
  readonly tenant: Tenant;
  readonly domain: SendingDomain;
  readonly campaign: Campaign;
};
export type Model = Named & {
  /** Things that the file names: they are changed there alone. */
  readonly fixed: ReadonlySet<string>;
};

/** The pool, stream and source that are there without being written down. */
export const defaultName = "default";
const plainStream: Stream = schemas.stream.parse({ kind: "mailbox" });
/** Streams that every server has; a stream of the same name replaces them. */
const builtIn: ReadonlyMap<string, Stream> = new Map([
  [defaultName, plainStream],
  // What addresses of ours forward: mail of others, which may be given addresses of its own.
  ["forward", plainStream],
  ["transactional", schemas.stream.parse({ kind: "transactional" })],
  ["marketing", schemas.stream.parse({ kind: "marketing" })],
]);

export const emptyModel: Model = {
  source: new Map(),
  pool: new Map(),
  stream: new Map(),
  tenant: new Map(),
  domain: new Map(),
  campaign: new Map(),
  fixed: new Set(),
};

/** Rows of the store, with what a file says laid over them. Rows that are no such thing (of another version) are left out. */
export function modelOf(rows: readonly SendingRow[], file: Named = emptyModel): Model {
  const maps = Object.fromEntries(kinds.map((kind) => [kind, new Map<string, unknown>()])) as {
    [kind in Kind]: Map<string, unknown>;
  };
  for (const { kind, name, value } of rows) {
    const known = kinds.find((one) => one === kind);
    const read = known === undefined ? undefined : schemas[known].safeParse(value);
    if (known !== undefined && read?.success === true) maps[known].set(name, read.data);
  }
  const fixed = new Set<string>();
  for (const kind of kinds)
    for (const [name, value] of file[kind]) {
      maps[kind].set(name, value);
      fixed.add(`${kind} ${name}`);
    }
  return { ...(maps as unknown as Named), fixed };
}

export type ReadModel =
  | { readonly kind: "ok"; readonly model: Model }
  | { readonly kind: "mistakes"; readonly mistakes: readonly Mistake[] };

/** A model out of the text of a file, or all that is wrong with it, with lines. Names may lead into `base`. */
export function readModelFile(text: string, base: Named = emptyModel): ReadModel {
  const read = readToml(text, modelFileSchema);
  if (read.kind === "mistakes") return read;
  const lineOf = keyLines(text);
  const mistakes: Mistake[] = [];
  const maps: { [kind: string]: Map<string, unknown> } = {};
  for (const kind of kinds) {
    maps[kind] = new Map(Object.entries(read.value[kind]));
    for (const name of maps[kind].keys()) {
      const message = wrongName(kind, name);
      if (message !== undefined) mistakes.push({ line: lineOf([kind, name]), key: `${kind}.${name}`, message });
    }
  }
  const model = { ...(maps as unknown as Named), fixed: new Set<string>() };
  const whole = Object.fromEntries(
    kinds.map((kind) => [kind, new Map<string, unknown>([...base[kind], ...model[kind]])]),
  );
  for (const { kind, name, message } of mistakesIn(whole as unknown as Named))
    if (model[kind].has(name)) mistakes.push({ line: lineOf([kind, name]), key: `${kind}.${name}`, message });
  return mistakes.length > 0 ? { kind: "mistakes", mistakes } : { kind: "ok", model };
}

/** The model as the text of a file; reading it gives the same model. */
export function writeModelFile(model: Named): string {
  const plain: { [kind: string]: { [name: string]: unknown } } = {};
  for (const kind of kinds)
    if (model[kind].size > 0)
      plain[kind] = Object.fromEntries([...model[kind]].sort(([one], [other]) => (one < other ? -1 : 1)));
  return `${stringify(plain)}\n`;
}

export type ModelMistake = { readonly kind: Kind; readonly name: string; readonly message: string };

/** Names that lead nowhere. */
export function mistakesIn(model: Named): readonly ModelMistake[] {
  const found: ModelMistake[] = [];
  const say = (kind: Kind, name: string, message: string): void => void found.push({ kind, name, message });
  for (const [name, { sources, overflow }] of model.pool) {
    for (const source of membersOf(sources).keys())
      if (!model.source.has(source)) say("pool", name, `there is no source "${source}"`);
    if (overflow !== "" && !model.pool.has(overflow)) say("pool", name, `there is no pool "${overflow}"`);
    if (overflow === name) say("pool", name, "it cannot flow over into itself");
  }
  for (const [name, { pool }] of model.stream)
    if (pool !== defaultName && !model.pool.has(pool)) say("stream", name, `there is no pool "${pool}"`);
  for (const [name, { stream }] of model.tenant)
    if (streamOf(model, name, stream) === undefined) say("tenant", name, `there is no stream "${stream}"`);
  for (const [name, { trackingHost }] of model.domain)
    if (trackingHost !== "" && trackingHost !== name && !trackingHost.endsWith(`.${name}`))
      say("domain", name, `its tracking host must be the domain itself or lie below it: links.${name}`);
  for (const [name, { stream }] of model.campaign)
    if (streamOf(model, name.slice(0, name.indexOf("/")), stream) === undefined)
      say("campaign", name, `there is no stream "${stream}"`);
  return found;
}

/** What will not work as one may think, for an administrator. `isHere`: whether an address is one of this machine's. */
export function warningsIn(model: Named, isHere: (address: string) => boolean): readonly ModelMistake[] {
  const found: ModelMistake[] = [];
  for (const [name, { address, proxy, state }] of model.source)
    if (state === "active" && address !== "" && proxy === "" && !isHere(address))
      found.push({
        kind: "source",
        name,
        message: `${address} is no address of this machine: nothing can leave by it here (give the machine the address, or a proxy that has it)`,
      });
  for (const [name, { sources, overflow }] of model.pool) {
    const members = [...membersOf(sources).keys()].flatMap((one) => model.source.get(one) ?? []);
    if (members.length > 0 && members.every(({ warmup }) => warmup !== "none") && overflow === "")
      found.push({
        kind: "pool",
        name,
        message: "all its sources are being warmed up and it has no overflow: what their quotas do not carry waits",
      });
    if (members.length > 0 && members.every(({ state }) => state !== "active"))
      found.push({ kind: "pool", name, message: "none of its sources is active: its mail waits" });
  }
  return found;
}

/** Sources of a pool with their weights. */
export function membersOf(sources: readonly string[]): ReadonlyMap<string, number> {
  let members = knownMembers.get(sources);
  if (members === undefined) {
    members = new Map(
      sources.map((text) => {
        const [source = "", weight = "1"] = text.split(":");
        return [source, Number(weight)];
      }),
    );
    knownMembers.set(sources, members);
  }
  return members;
}
/** They are asked for with every message. */
const knownMembers = new WeakMap<readonly string[], ReadonlyMap<string, number>>();

/** A tenant's stream: its own of this name, one for all, or one that every server has. */
export function streamOf(model: Named, tenant: string, stream: string): Stream | undefined {
  return model.stream.get(`${tenant}/${stream}`) ?? model.stream.get(stream) ?? builtIn.get(stream);
}

const hour = 3_600_000;
const minute = 60_000;
/** Waits between attempts where a stream names none; the last one repeats. */
const delays: { readonly [kind in Stream["kind"]]: readonly number[] | undefined } = {
  transactional: [1, 2, 5, 10, 20, 40, 60].map((minutes) => minutes * minute),
  marketing: [20, 40, 80, 160, 240].map((minutes) => minutes * minute),
  mailbox: undefined,
  bounce: undefined,
};

/** Undefined: as the queue does by itself. */
export function scheduleOf(stream: Stream): { readonly delaysMs: readonly number[] } | undefined {
  const own = stream.retryDelays.map(parseDuration).filter((delay) => delay !== undefined);
  const delaysMs = own.length > 0 ? own : delays[stream.kind];
  return delaysMs === undefined ? undefined : { delaysMs };
}

/** How long a stream's mail is tried; undefined: as the queue does by itself. */
export function lifetimeOf({ lifetime, kind }: Stream): number | undefined {
  if (lifetime !== "") return parseDuration(lifetime);
  return kind === "transactional" ? 24 * hour : kind === "marketing" ? 72 * hour : undefined;
}
