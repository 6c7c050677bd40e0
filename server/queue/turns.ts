/** Whose turn it is among mail that waits: the most urgent order alone, tenants by their weights, and no shared budget claimed twice. Pure. */
import type { Budget } from "./dispatching.ts";

/** What waits in one lane and could be claimed. */
export type Turn<Lane> = {
  readonly lane: Lane;
  /** Lanes of one place are emptied one after the other, the lowest urgency first. */
  readonly place: string;
  readonly urgency: number;
  /** At most. */
  readonly count: number;
  readonly budgets: readonly Budget[];
  readonly tenant: string;
  readonly weight: number;
  /** Lower goes first, alone. */
  readonly order: number;
};

/** Recipients of one tenant in one round, times its weight. */
const perRound = 100;
/** So that no tenant waits without end. */
const minWeight = 0.01;

/**
 * How far each tenant has come at each shared budget (stride scheduling): kept between rounds, so that a budget that lets one message through at
 * a time serves everybody in turns. By the first of a lane's budgets, of which there are as many as pools and providers.
 */
export type Strides = Map<string, ReadonlyMap<string, number>>;

/**
 * One round: how many of each lane are claimed, up to `most` in all. `taken`: what is claimed already of each budget and not yet counted in its
 * room; what is given here is added to it. `strides` is brought up to date.
 */
export function inTurns<Lane>(
  open: readonly Turn<Lane>[],
  taken: Map<string, number>,
  strides: Strides,
  most: number,
): readonly { readonly turn: Turn<Lane>; readonly count: number }[] {
  const roomOf = ({ count, budgets }: Turn<Lane>): number =>
    Math.min(count, ...budgets.map(({ key, room }) => room - (taken.get(key) ?? 0)));
  const possible = open.filter((turn) => roomOf(turn) > 0);
  const first = possible.reduce((least, { order }) => Math.min(least, order), Number.POSITIVE_INFINITY);
  const lowest = new Map<string, number>();
  for (const { place, urgency, budgets } of possible)
    if (budgets.length === 0) lowest.set(place, Math.min(urgency, lowest.get(place) ?? urgency));
  const now = possible.filter(
    ({ order, place, urgency, budgets }) => order === first && (budgets.length > 0 || urgency === lowest.get(place)),
  );
  const given = new Map<Turn<Lane>, number>();
  let left = most;
  const give = (turn: Turn<Lane>, count: number): void => {
    given.set(turn, (given.get(turn) ?? 0) + count);
    for (const { key } of turn.budgets) taken.set(key, (taken.get(key) ?? 0) + count);
    left -= count;
  };

  for (const [, lanes] of Map.groupBy(
    now.filter(({ budgets }) => budgets.length === 0),
    ({ tenant }) => tenant,
  ))
    for (const turn of lanes) {
      const share = Math.max(1, Math.round((perRound * turn.weight) / lanes.length));
      const count = Math.min(turn.count, share, left);
      if (count > 0) give(turn, count);
    }

  const scarce = Map.groupBy(
    now.filter(({ budgets }) => budgets.length > 0),
    ({ budgets }) => budgets[0]!.key,
  );
  for (const [key, turns] of scarce) {
    const waiting = new Map(
      [...Map.groupBy(turns, ({ tenant }) => tenant)].map(([tenant, lanes]) => [
        tenant,
        lanes.sort((one, other) => one.urgency - other.urgency),
      ]),
    );
    const before = strides.get(key) ?? new Map<string, number>();
    // Counted from the tenant that is furthest behind. Whoever was not there begins with it, and who is not there now keeps what it is ahead.
    const known = [...waiting.keys()].map((tenant) => before.get(tenant) ?? 0);
    const base = Math.min(...known);
    const passed = new Map<string, number>();
    for (const [tenant, value] of before) if (value > base) passed.set(tenant, value - base);
    for (const tenant of waiting.keys()) if (!passed.has(tenant)) passed.set(tenant, 0);
    while (left > 0 && waiting.size > 0) {
      let tenant = "";
      for (const one of waiting.keys()) if (tenant === "" || passed.get(one)! < passed.get(tenant)!) tenant = one;
      const turn = waiting.get(tenant)!.find((one) => roomOf(one) > 0 && (given.get(one) ?? 0) < one.count);
      if (turn === undefined) {
        waiting.delete(tenant);
        continue;
      }
      give(turn, 1);
      passed.set(tenant, passed.get(tenant)! + 1 / Math.max(turn.weight, minWeight));
    }
    strides.set(key, passed);
  }
  return [...given].map(([turn, count]) => ({ turn, count }));
}
