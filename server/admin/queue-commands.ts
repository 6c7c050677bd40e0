import { formatMailbox } from "../../protocol/smtp/address.ts";
import type {
  AccountId,
  QueueAction,
  QueuedMessage,
  QueueFilter,
  RecipientState,
  StoreReader,
} from "../store/store.ts";
import { type Arguments, type Command, command, done, type Given, misused, no, time } from "./command.ts";
import { readAddress, readDomain } from "./names.ts";
import { waitsOf } from "./queue-waits.ts";
import { cell, render, table } from "./render.ts";

const filters = {
  id: { type: "text", placed: true, help: "the queue id, like q7k3m9xw2c" },
  domain: { type: "text", help: "recipient domain" },
  sender: { type: "text", help: 'envelope sender; "" for the null sender' },
  recipient: { type: "text", help: "recipient address" },
  tenant: { type: "text", help: "whose mail" },
  campaign: { type: "text", help: "of this campaign" },
} as const satisfies Arguments;
const defaultLimit = 100;
const maxLimit = 10_000;

function filterOf({ id, domain, sender, recipient, tenant, campaign }: Given<typeof filters>): QueueFilter {
  return {
    ...(id === undefined ? {} : { id }),
    // What is no domain name may be an address literal.
    ...(domain === undefined ? {} : { domain: readDomain(domain) ?? domain.toLowerCase() }),
    ...(sender === undefined ? {} : { sender: sender === "<>" ? "" : asKept(sender) }),
    ...(recipient === undefined ? {} : { recipient: asKept(recipient) }),
    ...(tenant === undefined ? {} : { tenant }),
    ...(campaign === undefined ? {} : { campaign }),
  };
}

/** An address as envelopes have it, with its domain in A-labels; what is none (a Message-ID, a queue id) as it is. */
function asKept(text: string): string {
  const address = readAddress(text);
  return address === undefined ? text : formatMailbox(address);
}

const shown = (message: QueuedMessage, waits: Awaited<ReturnType<typeof waitsOf>>) => ({
  id: message.id,
  from: message.envelopeFrom,
  sizeBytes: message.sizeBytes,
  tenant: message.tenant,
  stream: message.tenant === undefined ? undefined : message.stream,
  campaign: message.campaign,
  createdAt: time(message.createdAt),
  expiresAt: time(message.expiresAt),
  recipients: message.recipients.map((one) => {
    const { why, since, until } = waits(message, one);
    return {
      address: one.address,
      state: one.state,
      attempts: one.attempts,
      nextAt: time(one.nextAt),
      lastReply: one.lastReply,
      why,
      since: since === undefined ? undefined : time(since),
      until: until === undefined ? undefined : time(until),
    };
  }),
});

/** A line for each recipient. */
function listText(messages: readonly ReturnType<typeof shown>[]): string {
  const rows = messages.flatMap(({ id, from, recipients }) =>
    recipients.map(({ address, state, attempts, until, why, lastReply }) => ({
      id,
      from: from === "" ? "<>" : from,
      to: address,
      state,
      attempts,
      until: until?.replace(/\.\d+Z$/, "Z"),
      why,
      lastReply,
    })),
  );
  return rows.length === 0 ? "(none)" : table(rows);
}

/** Accounts of one answer that are shown by their names. */
const maxNamed = 100;

/** The details of journeys as people read them: times as text, accounts by name. */
async function readable(
  entries: readonly { readonly detail: Entry["detail"] }[],
  store: Pick<StoreReader, "accounts">,
): Promise<Entry["detail"][]> {
  const names = new Map<unknown, string>();
  const ids = new Set(entries.flatMap(({ detail }) => (Array.isArray(detail["accounts"]) ? detail["accounts"] : [])));
  for (const id of [...ids].slice(0, maxNamed) as AccountId[]) {
    const account = (await store.accounts({ id }))[0];
    if (account !== undefined) names.set(id, account.name);
  }
  return entries.map(({ detail }) => {
    const shown: { [name: string]: unknown } = { ...detail };
    for (const name of ["nextAt", "notBefore"]) if (typeof detail[name] === "number") shown[name] = time(detail[name]);
    if (Array.isArray(detail["accounts"]))
      shown["accounts"] = detail["accounts"].map((id: unknown) => names.get(id) ?? `account ${String(id)}`);
    return shown;
  });
}

type Entry = {
  readonly at: string;
  readonly trace?: string;
  readonly stage: string;
  readonly detail: { readonly [name: string]: unknown };
};

/** Attempts of several hosts and the like: their values, one after the other. */
function detailText(value: unknown): string {
  if (Array.isArray(value)) return value.map(detailText).join(", ");
  return typeof value === "object" && value !== null ? Object.values(value).map(cell).join(" ") : cell(value);
}

/** One line for each thing that happened: when, to which message, what, and why. */
function journeyText(entries: readonly Entry[]): string {
  if (entries.length === 0) return "(nothing is known of it)";
  return entries
    .map(({ at, trace = "", stage, detail }) => {
      const reasons = Object.entries(detail).map(([name, value]) => `${name}=${detailText(value)}`);
      return `${at}  ${trace === "" ? "" : `${trace}  `}${stage.padEnd(9)}  ${reasons.join("  ")}`.trimEnd();
    })
    .join("\n");
}

const notThere = (id: string) => no(`There is no ${id} in the queue. What became of it: angarium trace ${id}`);

const verbs: readonly [verb: QueueAction | "bounce", help: string][] = [
  ["retry", "Try messages again now."],
  ["hold", "Keep messages back until they are released."],
  ["release", "Let held messages go."],
  ["bounce", "Give up messages and tell their senders."],
  ["delete", "Remove messages without telling anybody."],
];

export const queueCommands: readonly Command[] = [
  command("queue count", "How many recipients wait.", {}, async (_, { store }) => done(await store.queueCount())),
  command(
    "queue list",
    "Messages that wait, the oldest first.",
    {
      ...filters,
      state: { type: "text", choices: ["scheduled", "leased", "held"], help: "only those with such a recipient" },
      limit: { type: "number", help: `how many at most, ${defaultLimit} by default` },
      after: { type: "text", help: "continue after this queue id" },
    },
    async ({ state, limit, after, ...given }, world) => {
      const filter: QueueFilter = {
        ...filterOf(given),
        limit: Math.min(limit ?? defaultLimit, maxLimit),
        ...(state === undefined ? {} : { state: state as RecipientState }),
        ...(after === undefined ? {} : { after }),
      };
      const found = await world.store.queueList(filter);
      const waits = await waitsOf(found, world);
      return done(found.map((message) => shown(message, waits)));
    },
    listText,
  ),
  command(
    "queue show",
    "One message of the queue, with what happened to it.",
    { id: { ...filters.id, required: true } },
    async ({ id }, world) => {
      const { store } = world;
      const message = (await store.queueList({ id, limit: 1 }))[0];
      if (message === undefined) return notThere(id);
      const journey = await store.trace(id, defaultLimit);
      const details = await readable(journey, store);
      return done({
        ...shown(message, await waitsOf([message], world, journey)),
        journey: journey.map(({ at, stage }, index) => ({ at: time(at), stage, detail: details[index] })),
      });
    },
    ({ journey, ...message }: { readonly journey: readonly Entry[] }) => `${render(message)}\n${journeyText(journey)}`,
  ),
  ...verbs.map(([verb, help]) =>
    command(
      `queue ${verb}`,
      help,
      { ...filters, all: { type: "flag", help: "the whole queue" } },
      async ({ all, ...given }, { store, queue, now }) => {
        const filter = filterOf(given);
        if (Object.keys(filter).length === 0 && !all)
          return misused(`Say which: a queue id, --domain, --sender, --recipient, or --all.`);
        const { id } = given;
        if (id !== undefined && (await store.queueList({ id, limit: 1 })).length === 0) return notThere(id);
        if (queue !== undefined) return done({ recipients: await queue.act(filter, verb) });
        if (verb === "bounce") return no("Bouncing needs the running server. Start it first.");
        return done({ recipients: await store.queueAct(filter, verb, now()) });
      },
    ),
  ),
  command(
    "trace",
    "What happened to a message: by Message-ID, queue id or address.",
    {
      key: { type: "text", placed: true, required: true, help: "a Message-ID, a queue id or an address" },
      limit: { type: "number", help: `how many entries at most, ${defaultLimit} by default` },
    },
    async ({ key, limit }, { store }) => {
      const plain = key
        .trim()
        .replace(/^<(.*)>$/, "$1")
        .toLowerCase();
      const entries = await store.trace(asKept(plain), Math.min(limit ?? defaultLimit, maxLimit));
      const details = await readable(entries, store);
      return done(
        entries.map(({ at, stage, trace, keys }, index) => ({
          at: time(at),
          trace,
          stage,
          keys,
          detail: details[index],
        })),
      );
    },
    journeyText,
  ),
];
