/**
 * Numbers for Prometheus. What happens to messages is counted where every stage passes anyway: in the journey entries
 * that go to the store.
 */
import { Counter, collectDefaultMetrics, Gauge, Registry } from "prom-client";
import type { SmtpCounters } from "../receive/ports.ts";
import { instead } from "../store/instead.ts";
import type { JourneyEntry, Store } from "../store/store.ts";

export type Gauges = {
  /** Open connections by service. */
  readonly connections: () => { readonly [service: string]: number };
  /** Recipients waiting in the outbound queue. */
  readonly queued: () => Promise<number>;
  /** Those of them in memory: ready to go or under way. */
  readonly queuedInMemory: () => number;
  /** Those we show, and their ends. */
  readonly certificates: () => readonly { readonly file: string; readonly validTo: string }[];
  readonly smtp: SmtpCounters;
  /** Hears of every entry too. */
  readonly heard?: (entry: JourneyEntry) => void;
};

export type Metrics = {
  readonly contentType: string;
  readonly text: () => Promise<string>;
  /** The same store, with its journey entries counted on the way. */
  readonly counting: (store: Store) => Store;
};

/** Certificates that are told of one by one. */
const maxCertificates = 20;

export function makeMetrics(gauges: Gauges): Metrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const stages = new Counter({
    name: "angarium_messages_total",
    help: "Journey entries by stage: accepted, filed, queued, delivered, deferred, bounced, expired, notified.",
    labelNames: ["stage"],
    registers: [registry],
  });
  new Gauge({
    name: "angarium_connections",
    help: "Open connections by service.",
    labelNames: ["service"],
    registers: [registry],
    collect() {
      for (const [service, count] of Object.entries(gauges.connections())) this.set({ service }, count);
    },
  });
  new Gauge({
    name: "angarium_queue_recipients",
    help: "Recipients waiting in the outbound queue, held ones included.",
    registers: [registry],
    async collect() {
      this.set(await gauges.queued());
    },
  });
  new Gauge({
    name: "angarium_queue_memory_recipients",
    help: "Recipients of the outbound queue that are in memory: ready to go, or under way.",
    registers: [registry],
    collect() {
      this.set(gauges.queuedInMemory());
    },
  });
  new Gauge({
    name: "angarium_certificate_expires_timestamp_seconds",
    help: "When a certificate that is shown ends, in seconds since 1970, by its file.",
    labelNames: ["file"],
    registers: [registry],
    collect() {
      this.reset();
      for (const { file, validTo } of gauges.certificates().slice(0, maxCertificates))
        this.set({ file }, Date.parse(validTo) / 1000);
    },
  });
  const total = (name: string, help: string, read: (smtp: SmtpCounters) => number): void => {
    new Counter({
      name: `angarium_smtp_${name}_total`,
      help,
      registers: [registry],
      collect() {
        this.reset();
        this.inc(read(gauges.smtp));
      },
    });
  };
  total("sessions", "SMTP, submission and LMTP sessions.", ({ sessions }) => sessions);
  total("messages", "Messages taken.", ({ messages }) => messages);
  total("bytes", "Bytes of the messages taken.", ({ bytes }) => bytes);
  total("refused_messages", "Messages refused at the end of their data.", (smtp) => smtp.refusedMessages);
  total("refused_recipients", "Recipients refused.", ({ refusedRecipients }) => refusedRecipients);
  total("refused_commands", "Other commands refused.", ({ refusedCommands }) => refusedCommands);
  total("logins", "Successful logins.", ({ authenticated }) => authenticated);
  total("failed_logins", "Failed logins.", ({ authFailures }) => authFailures);
  const count = (journey: readonly JourneyEntry[]): void => {
    for (const entry of journey) {
      stages.inc({ stage: entry.stage });
      gauges.heard?.(entry);
    }
  };
  return {
    contentType: registry.contentType,
    text: () => registry.metrics(),
    counting: (store) => {
      const accept: Store["accept"] = async (acceptance) => {
        const accepted = await store.accept(acceptance);
        count(acceptance.journey);
        return accepted;
      };
      const settle: Store["settle"] = async (request) => {
        const result = await store.settle(request);
        count(request.journey);
        for (const notice of request.notices) count(notice.journey);
        return result;
      };
      const note: Store["note"] = async (journey) => {
        await store.note(journey);
        count(journey);
      };
      return instead(store, { accept, settle, note });
    },
  };
}
