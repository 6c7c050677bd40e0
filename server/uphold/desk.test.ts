/** Tickets that nobody answers are told of, once each time that they are opened. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Ticket } from "../store/tickets-store.ts";
import { makeDesk } from "./desk.ts";

const hour = 3_600_000;
const start = Date.UTC(2026, 10, 26);

test("a ticket that waits for longer than a day is an alert, once, and again when it is opened again", async () => {
  const clock = { now: start };
  const ticket = (id: number, state: Ticket["state"], openedAt: number): Ticket =>
    ({ id, state, openedAt, reports: [{ subject: `Subject ${id}` }] }) as unknown as Ticket;
  let tickets = [ticket(1, "new", start), ticket(2, "seen", start + hour), ticket(3, "answered", start)];
  const raised: string[] = [];
  const desk = makeDesk({
    store: {
      tickets: async ({ state }: { readonly state?: string }) => tickets.filter((one) => one.state === state),
      sendingRows: async () => [],
    } as never,
    queue: undefined,
    now: () => clock.now,
    settings: { answerWithinMs: 24 * hour, strikeMs: 1 },
    file: undefined,
    post: async () => true,
    raise: ({ reply }) => void raised.push(reply.slice(0, 22)),
    log: { warn() {}, error() {} } as never,
  });
  const told = async (at: number): Promise<readonly string[]> => {
    clock.now = at;
    await desk.passTime();
    return raised.splice(0);
  };
  assert.deepEqual(await told(start + 24 * hour - 1), []);
  assert.deepEqual(await told(start + 24 * hour), ['Ticket 1 of abuse@ ("S']);
  assert.deepEqual(await told(start + 25 * hour), ['Ticket 2 of abuse@ ("S']);
  assert.deepEqual(await told(start + 26 * hour), []);
  tickets = [ticket(1, "new", start + 30 * hour)];
  assert.deepEqual(await told(start + 53 * hour), []);
  assert.deepEqual(await told(start + 54 * hour), ['Ticket 1 of abuse@ ("S']);
});
