/** Which of our messages somebody means: by what only we can have written into it, or by its Message-ID. */
import type { SendingEvent } from "../store/sending.ts";
import type { Store } from "../store/store.ts";

export type ReportedMail = {
  /** The recipient of our message that a token "q7k3m9xw2c.12" names, out of its events. */
  byToken(token: string): Promise<SendingEvent | undefined>;
  /** A message by our id of it (in X-Angarium-Ref) or by its Message-ID: the event of the recipient who complains. */
  byKey(key: string, recipients: readonly string[]): Promise<SendingEvent | undefined>;
};

export function reportedMail(store: Pick<Store, "sendingEvents" | "trace">): ReportedMail {
  return {
    async byToken(token) {
      const [message = "", n] = token.split(".");
      const events = await store.sendingEvents({ message });
      return events.find(({ detail }) => String(detail["n"]) === n);
    },
    async byKey(key, recipients) {
      for (const { trace } of await store.trace(key.toLowerCase(), 20)) {
        if (trace === undefined || !trace.startsWith("q")) continue;
        const events = await store.sendingEvents({ message: trace });
        const sent = events.filter(({ recipient }) => recipient !== "");
        const named = new Set(recipients.map((one) => one.toLowerCase()));
        const found = sent.find(({ recipient }) => named.has(recipient.toLowerCase()));
        if (found !== undefined) return found;
        // A redacted report: of a message to one person it can only be that one.
        if (new Set(sent.map(({ recipient }) => recipient)).size === 1) return sent[0];
      }
      return undefined;
    },
  };
}
