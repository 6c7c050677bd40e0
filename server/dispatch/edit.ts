/** Changes to the model by a person or a program: checked as a whole before they are kept. For commands and the API. */

import type { z } from "zod";
import { checkValue, type Mistake } from "../base/toml.ts";
import { isOfMachine, machineAddresses } from "../net/machine-addresses.ts";
import { withoutPassword, withPassword } from "../send/proxy.ts";
import type { SendingRow } from "../store/sending.ts";
import type { Instant, Store } from "../store/store.ts";
import { type Model, membersOf, mistakesIn, modelOf, type Named, readModelFile, warningsIn } from "./model.ts";
import { type Kind, kinds, schemas, wrongName } from "./schema.ts";

export type Edited =
  | { readonly kind: "done"; readonly value: unknown; readonly warnings: readonly string[] }
  /** A sentence that says what is wrong. */
  | { readonly kind: "refused"; readonly why: string };
type EditStore = Pick<Store, "sendingRows" | "putSendingRows">;
type Editing = { readonly store: EditStore; readonly now: () => Instant };

/** Things of one kind at most. */
export const maxThings = 10_000;
/** Campaigns are made by programs. */
const maxCampaigns = 100_000;

export async function loadModel(store: Pick<Store, "sendingRows">, file?: Named): Promise<Model> {
  return modelOf(await store.sendingRows(kinds), file);
}

/**
 * Makes or changes one thing; `change` holds the fields that change. With `make` "new" what is there already is refused, with "known" what is not.
 * `since` of tenants and campaigns, when they came into their state, is set here: a state that is said again keeps it.
 */
export async function putThing(
  { store, now }: Editing,
  kind: Kind,
  name: string,
  change: { readonly [field: string]: unknown },
  make: "new" | "known" | "either",
  file?: Named,
): Promise<Edited> {
  const wrong = wrongName(kind, name);
  if (wrong !== undefined) return no(`${wrong}.`);
  const model = await loadModel(store, file);
  if (model.fixed.has(`${kind} ${name}`))
    return no(`The ${kind} "${name}" is written in the configuration: change it there.`);
  const known = model[kind].get(name);
  if (known !== undefined && make === "new") return no(`There is a ${kind} "${name}" already: change it with "set".`);
  if (known === undefined && make === "known") return no(`There is no ${kind} "${name}".`);
  if (known === undefined && model[kind].size >= (kind === "campaign" ? maxCampaigns : maxThings))
    return no(`There are ${model[kind].size} of this kind already, which is the bound.`);
  const wanted = { ...known, ...change, ...sameProxy(known, change), ...dated(kind, known, change["state"], now) };
  const read = checkValue<z.ZodType>(wanted, schemas[kind]);
  if (read.kind === "mistakes")
    return no(read.mistakes.map(({ key, message }) => `${key === "" ? kind : key}: ${message}`).join("; "));
  const next = { ...model, [kind]: new Map<string, unknown>([...model[kind], [name, read.value]]) } as Model;
  const before = new Set(mistakesIn(model).map(({ message }) => message));
  const mistake = mistakesIn(next).find(({ message }) => !before.has(message));
  if (mistake !== undefined) return no(`${mistake.kind} "${mistake.name}": ${mistake.message}.`);
  await store.putSendingRows([{ kind, name, value: read.value }]);
  const said = new Set(warningsHere(model).map(({ message }) => message));
  const warnings = warningsHere(next)
    .filter(({ message, ...one }) => !said.has(message) || one.name === name)
    .map((one) => `${one.kind} "${one.name}": ${one.message}`);
  return { kind: "done", value: { name, ...shownThing(read.value as object) }, warnings };
}

/** What will not work as one may think, on this machine. */
export function warningsHere(model: Named): ReturnType<typeof warningsIn> {
  const machine = machineAddresses();
  return warningsIn(model, (address) => isOfMachine(address, machine));
}

/** As people and programs see it. */
export function shownThing<T extends object>(value: T): T {
  return "proxy" in value && typeof value.proxy === "string"
    ? { ...value, proxy: withoutPassword(value.proxy) }
    : value;
}

function sameProxy(known: object | undefined, { proxy }: { readonly [field: string]: unknown }): object {
  if (typeof proxy !== "string" || known === undefined || !("proxy" in known)) return {};
  return { proxy: withPassword(proxy, String(known.proxy)) };
}

function dated(
  kind: Kind,
  known: object | undefined,
  state: unknown,
  now: () => Instant,
): { readonly since?: Instant } {
  if ((kind !== "tenant" && kind !== "campaign") || state === undefined) return {};
  return known !== undefined && "state" in known && known.state === state ? {} : { since: now() };
}

/** Removes one thing that nothing else needs. */
export async function removeThing(store: EditStore, kind: Kind, name: string, file?: Named): Promise<Edited> {
  const model = await loadModel(store, file);
  if (model.fixed.has(`${kind} ${name}`))
    return no(`The ${kind} "${name}" is written in the configuration: take it out there.`);
  if (!model[kind].has(name)) return no(`There is no ${kind} "${name}".`);
  const user = userOf(model, kind, name);
  if (user !== undefined) return no(`The ${kind} "${name}" is used by ${user}.`);
  await store.putSendingRows([{ kind, name, value: undefined }]);
  return { kind: "done", value: { name }, warnings: [] };
}

function userOf(model: Model, kind: Kind, name: string): string | undefined {
  const named = (of: Kind, found: string | undefined): string | undefined =>
    found === undefined ? undefined : `the ${of} "${found}"`;
  const key = <T>(map: ReadonlyMap<string, T>, uses: (value: T) => boolean): string | undefined =>
    [...map].find(([, value]) => uses(value))?.[0];
  switch (kind) {
    case "source":
      return named(
        "pool",
        key(model.pool, ({ sources }) => membersOf(sources).has(name)),
      );
    case "pool":
      return (
        named(
          "stream",
          key(model.stream, ({ pool }) => pool === name),
        ) ??
        named(
          "pool",
          key(model.pool, ({ overflow }) => overflow === name),
        )
      );
    case "tenant":
      return named(
        "domain",
        key(model.domain, ({ tenant }) => tenant === name),
      );
    default:
      return undefined;
  }
}

/** Takes over what a file says; what it does not name stays. All mistakes at once. */
export async function importModel(
  store: EditStore,
  text: string,
): Promise<
  | { readonly kind: "done"; readonly things: number }
  | { readonly kind: "mistakes"; readonly mistakes: readonly Mistake[] }
> {
  const read = readModelFile(text, await loadModel(store));
  if (read.kind === "mistakes") return read;
  const { model } = read;
  const rows = kinds.flatMap((kind): SendingRow[] => [...model[kind]].map(([name, value]) => ({ kind, name, value })));
  await store.putSendingRows(rows);
  return { kind: "done", things: rows.length };
}

function no(why: string): Edited {
  return { kind: "refused", why };
}
