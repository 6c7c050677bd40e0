/** The quarantine as its owners and administrators use it: listed, released, reported, removed, told of once a day. */
import type { MessageFacts } from "../../protocol/mime/facts.ts";
import type { Quarantined, QuarantineFilter } from "../store/quarantine.ts";
import { plainTransit } from "../store/queued.ts";
import type { AccountId, Instant, JourneyEntry, NewQueued, Store } from "../store/store.ts";

export type QuarantinePorts = {
  readonly store: Pick<Store, "quarantined" | "removeQuarantined" | "content" | "accept" | "accounts" | "note">;
  readonly factsOf: (message: Buffer) => MessageFacts;
  readonly now: () => Instant;
  /** Teaches the filter that a message was good or bad; undefined where nobody learns. */
  readonly learn?: ((account: AccountId, bytes: Uint8Array, kind: "good" | "bad") => Promise<void>) | undefined;
};

export type Released = { readonly kind: "done" | "missing" | "over-quota" | "gone" };

/** `of`: only what belongs to this account; undefined: everything (an administrator). */
export type Quarantine = {
  list(filter: QuarantineFilter): Promise<readonly Quarantined[]>;
  /** The message and its bytes, or undefined. */
  show(id: number, of?: AccountId): Promise<{ readonly row: Quarantined; readonly bytes: Uint8Array } | undefined>;
  /** Delivers it: into the inbox of its owner, or to the recipients elsewhere. "gone": the account has no inbox any more. */
  release(id: number, by: string, of?: AccountId): Promise<Released>;
  /** Says that it was rightly kept back: the filter learns it as bad, and it is removed. */
  report(id: number, by: string, of?: AccountId): Promise<boolean>;
  remove(id: number, by: string, of?: AccountId): Promise<boolean>;
};

const queueLifetimeMs = 5 * 24 * 60 * 60_000;

export function makeQuarantine(ports: QuarantinePorts): Quarantine {
  const { store, factsOf, now, learn } = ports;
  const find = async (id: number, of?: AccountId): Promise<Quarantined | undefined> =>
    (await store.quarantined({ id, limit: 1, ...(of === undefined ? {} : { account: of }) }))[0];

  const show: Quarantine["show"] = async (id, of) => {
    const row = await find(id, of);
    const bytes = row && (await store.content(row.content));
    return row === undefined || bytes === undefined ? undefined : { row, bytes };
  };

  const release: Quarantine["release"] = async (id, by, of) => {
    const found = await show(id, of);
    if (found === undefined) return { kind: "missing" };
    const { row, bytes } = found;
    const at = now();
    const facts = factsOf(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength));
    const keys = [row.envelopeFrom, ...row.recipients, facts.messageId ?? ""].filter((key) => key !== "");
    const former: JourneyEntry = {
      at,
      stage: "released",
      trace: `m${row.content}`,
      keys: [],
      detail: { by, to: row.recipients },
    };
    const common = { message: { bytes, facts, delivered: true }, released: [id] };
    if (row.account === 0) {
      const detail = { recipients: row.recipients, releasedFrom: `m${row.content}` };
      await store.accept({
        ...common,
        placements: [],
        queue: queuedOf(row, at),
        journey: [{ at, stage: "queued", trace: undefined, keys, detail }],
      });
      await store.note([former]);
      return { kind: "done" };
    }
    const { placed } = await store.accept({
      ...common,
      placements: [
        { account: row.account, target: { role: "inbox" }, marks: { flags: 0, keywords: [] }, receivedAt: at },
      ],
      journey: [
        {
          at,
          stage: "filed",
          trace: undefined,
          keys,
          detail: { accounts: [row.account], into: "inbox", releasedFrom: `m${row.content}` },
        },
      ],
    });
    switch (placed[0]?.kind) {
      case "placed":
        await store.note([former]);
        await learn?.(row.account, bytes, "good");
        return { kind: "done" };
      case "over-quota":
        return { kind: "over-quota" };
      default:
        return { kind: "gone" };
    }
  };

  const remove: Quarantine["remove"] = async (id, by, of) => {
    const row = await find(id, of);
    return row !== undefined && (await store.removeQuarantined([id], `by ${by}`, now())) > 0;
  };

  return {
    list: (filter) => store.quarantined(filter),
    show,
    release,
    remove,
    async report(id, by, of) {
      const found = await show(id, of);
      if (found === undefined) return false;
      if (found.row.account !== 0) await learn?.(found.row.account, found.bytes, "bad");
      return remove(id, by, of);
    },
  };
}

function queuedOf(row: Quarantined, at: Instant): NewQueued {
  return {
    envelopeFrom: row.envelopeFrom,
    recipients: row.recipients.map((address) => ({
      address,
      domain: address.slice(address.lastIndexOf("@") + 1).toLowerCase(),
      orcpt: undefined,
      notify: undefined,
    })),
    ...plainTransit,
    stream: "default",
    createdAt: at,
    notBefore: at,
    expiresAt: at + queueLifetimeMs,
    lease: undefined,
  };
}
