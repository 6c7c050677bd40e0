/** The abuse desk at work: tickets are looked after, what is upheld becomes a strike, and the tenant hears of it. */

import type { Log } from "../base/log.ts";
import { loadModel } from "../dispatch/edit.ts";
import type { Alert } from "../dispatch/hear.ts";
import type { Named } from "../dispatch/model.ts";
import { type Steering, steer } from "../dispatch/steer.ts";
import type { Post } from "../report/post.ts";
import type { Store } from "../store/store.ts";
import type { Ticket, TicketChange } from "../store/tickets-store.ts";
import type { AbuseSettings } from "./settings.ts";
import { changeFor, type Standing, type Struck, sentenceOf, standingOf, subjectOf } from "./strikes.ts";
import { answerBy } from "./ticket-words.ts";

export type DeskAsk = Steering & {
  readonly store: Store;
  readonly settings: AbuseSettings;
  readonly file: Named | undefined;
  /** Letters of the server to its tenants. */
  readonly post: Post;
  /** Something that a person should see to. */
  readonly raise: (alert: Alert) => void;
  readonly log: Log;
};

export type Told = {
  readonly standing: Standing;
  /** Addresses of those who administer the tenant. */
  readonly told: readonly string[];
  /** Why its state could not be changed. */
  readonly warning: string | undefined;
};
export type Given = Told & { readonly strike: number };
/** A sentence that says why not. */
export type Refusal = { readonly why: string };

export type Desk = {
  readonly answerWithinMs: number;
  change(id: number, change: TicketChange): Promise<Ticket | undefined>;
  /** It is right what it says: the tenant gets a strike, and the ticket is closed. */
  uphold(id: number, given: { readonly reason: string | undefined; readonly by: string }): Promise<Given | Refusal>;
  strike(
    tenant: string,
    given: { readonly reason: string; readonly by: string; readonly ticket?: number },
  ): Promise<Given | Refusal>;
  lift(id: number, given: { readonly reason: string; readonly by: string }): Promise<Told | undefined>;
  standing(tenant: string): Promise<Standing>;
  /** Strikes that have expired count no more; tickets that wait for too long are told of, once. */
  passTime(): Promise<void>;
};

const struckKind = "struck";
/** Strikes of one tenant that are looked at. */
const maxStrikes = 100;
const maxTold = 20;
/** Tickets of one state that are looked at for being late. */
const maxLate = 500;
const lateAdvice = (id: number): string =>
  `Answer it from the mailbox of abuse@, then say so: angarium abuse set ${id} --state answered`;

export function makeDesk(ask: DeskAsk): Desk {
  const { store, settings, post, now, log } = ask;
  const standing = async (tenant: string): Promise<Standing> =>
    standingOf(await store.strikes({ tenant, limit: maxStrikes }), now());

  /** Brings the tenant into the state that its strikes ask for. */
  const settle = async (tenant: string, at: Standing, isNew: boolean): Promise<"same" | "changed" | Refusal> => {
    const [model, rows] = await Promise.all([loadModel(store, ask.file), store.sendingRows([struckKind])]);
    const struck = rows.find(({ name }) => name === tenant)?.value as Struck | undefined;
    const { state = "active", reason = "" } = model.tenant.get(tenant) ?? {};
    const change = changeFor(at, { state, reason }, struck, isNew);
    if (change === undefined) return "same";
    const edited = await steer(ask, "tenant", tenant, change.to, "either", ask.file);
    if (edited.kind === "refused") return { why: edited.why };
    await store.putSendingRows([{ kind: struckKind, name: tenant, value: change.struck }]);
    log.warn({ tenant, ...change.to }, "strikes change what a tenant may send");
    return "changed";
  };
  const warningOf = (settled: Awaited<ReturnType<typeof settle>>): string | undefined =>
    typeof settled === "string" ? undefined : settled.why;

  /** Those who administer the tenant; answers who they are. */
  const tell = async (tenant: string, at: Standing): Promise<readonly string[]> => {
    const hosted = (await store.tenants()).find(({ name }) => name === tenant);
    if (hosted === undefined) return [];
    const grants = await store.grants({ kind: "tenant", object: String(hosted.id) });
    const told: string[] = [];
    for (const { account } of grants.slice(0, maxTold)) {
      const [found] = await store.accounts({ id: account });
      if (found !== undefined && (await post({ to: found.name, subject: subjectOf(at), text: letterOf(tenant, at) })))
        told.push(found.name);
    }
    return told;
  };

  const toldLate = new Map<number, number>();
  const lookForLate = async (): Promise<void> => {
    const at = now();
    for (const state of ["new", "seen"] as const)
      for (const ticket of await store.tickets({ state, limit: maxLate })) {
        const due = answerBy(ticket, settings.answerWithinMs);
        if (due === undefined || due > at || toldLate.get(ticket.id) === ticket.openedAt) continue;
        if (toldLate.size >= maxLate * 2) toldLate.clear();
        toldLate.set(ticket.id, ticket.openedAt);
        const says = `Ticket ${ticket.id} of abuse@ ("${ticket.reports[0]?.subject ?? ""}") should have been answered by ${new Date(due).toISOString()}`;
        log.warn({ ticket: ticket.id }, says);
        ask.raise({
          at,
          rule: "abuse-late",
          provider: "",
          source: "",
          domain: "",
          reply: says,
          fix: lateAdvice(ticket.id),
        });
      }
  };

  const change: Desk["change"] = async (id, given) => {
    if (!(await store.changeTicket(id, given, now()))) return undefined;
    return (await store.tickets({ id, limit: 1 }))[0];
  };

  const strike: Desk["strike"] = async (tenant, { reason, by, ticket }) => {
    const known = await loadModel(store, ask.file);
    if (!known.tenant.has(tenant) && ![...known.domain.values()].some((one) => one.tenant === tenant))
      return { why: `There is no tenant ${tenant} that sends: angarium sending tenant list` };
    const at = now();
    const given = { tenant, at, expiresAt: at + settings.strikeMs, by, reason };
    const id = await store.giveStrike(ticket === undefined ? given : { ...given, ticket });
    const found = await standing(tenant);
    const warning = warningOf(await settle(tenant, found, true));
    return { strike: id, standing: found, told: await tell(tenant, found), warning };
  };

  return {
    answerWithinMs: settings.answerWithinMs,
    standing,
    change,
    strike,
    async uphold(id, { reason, by }) {
      const [ticket] = await store.tickets({ id, limit: 1 });
      if (ticket === undefined) return { why: `There is no ticket ${id}.` };
      if (ticket.strike !== undefined) return { why: `Ticket ${id} has led to strike ${ticket.strike} already.` };
      const { tenant } = ticket.concerned;
      if (tenant === "")
        return {
          why: `Nobody knows whose mail ticket ${id} is about: say it first (angarium abuse set ${id} --tenant NAME).`,
        };
      const because = reason ?? reasonOf(ticket);
      const struck = await strike(tenant, { reason: because, by, ticket: id });
      if ("why" in struck) return struck;
      const note = `Upheld: strike ${struck.strike} against ${tenant}. ${because}`;
      await store.changeTicket(id, { state: "closed", strike: struck.strike, note, by }, now());
      return struck;
    },
    async lift(id, { reason, by }) {
      const tenant = await store.liftStrike(id, { at: now(), by, reason });
      if (tenant === undefined) return undefined;
      const found = await standing(tenant);
      const warning = warningOf(await settle(tenant, found, false));
      return { standing: found, told: await tell(tenant, found), warning };
    },
    async passTime() {
      for (const { name } of await store.sendingRows([struckKind])) {
        const found = await standing(name);
        const settled = await settle(name, found, false);
        if (settled === "changed") await tell(name, found);
        else if (settled !== "same") log.error({ tenant: name, ...settled }, "expired strikes cannot be taken back");
      }
      await lookForLate();
    },
  };
}

/** Out of the ticket, where whoever upholds it says nothing else. */
const reasonOf = ({ count, reports: [first] }: Ticket): string =>
  `${count === 1 ? "A complaint" : `${count} complaints`} about your mail (${first?.kind ?? "abuse"}), upheld.`;

const letterOf = (tenant: string, at: Standing): string =>
  `This is about the mail that ${tenant} sends through this server.

${sentenceOf(at)}

${at.inForce.map(({ id, at: when, reason }) => `  Strike ${id}, ${new Date(when).toISOString().slice(0, 10)}: ${reason}\n`).join("")}
You see this under "Your sending" in the console too. If it is wrong, answer this letter: a strike can be lifted.
`;
