/**
 * Requests with keys under a `kill -9`: each is sent again with its key until it is answered, and in the end everybody it was for waits in the queue
 * once. Copies of one template, emails that are all different (one of them wrong), messages that are written already, and SMTP.
 */
import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import { ApiTalk } from "./api-talk.ts";
import { ask } from "./beside.ts";
import type { DevProcess } from "./dev-process.ts";
import { SmtpTalk } from "./smtp-talk.ts";

const from = "u1@example.test";
const domain = "once.test";
/** Nothing of it is sent meanwhile. */
const later = () => new Date(Date.now() + 20 * 86_400_000).toISOString();

type Request = {
  readonly key: string;
  readonly to: readonly string[];
  readonly send: (dev: DevProcess) => Promise<boolean>;
};

export type OnceReport = {
  readonly requests: number;
  readonly brokenOff: number;
  readonly lost: readonly string[];
  readonly twice: readonly string[];
};

/** Makes it known to the server whose mail it is: only such mail has keys by SMTP. */
export async function prepareOnce(dev: DevProcess): Promise<void> {
  await ask(dev.ready.data, "sending tenant add", { name: "once" });
  await ask(dev.ready.data, "sending domain add", { name: "example.test", tenant: "once" });
}

export class OnceLoad {
  #dev: () => DevProcess;
  #serial = 0;
  #requests: Request[] = [];
  #brokenOff = 0;
  #sendAt = later();

  /** `dev`: the server as it is now. */
  constructor(dev: () => DevProcess) {
    this.#dev = dev;
  }

  /** Sends request after request while there is a load; what is begun is finished. */
  async run(loading: () => boolean): Promise<void> {
    while (loading()) {
      const request = this.#next(++this.#serial);
      this.#requests.push(request);
      for (let tries = 0; ; tries++) {
        assert.ok(tries < 3000, `${request.key} is answered in the end`);
        if (await request.send(this.#dev()).catch(() => false)) break;
        if (tries === 0) this.#brokenOff++;
        await sleep(20);
      }
    }
  }

  #next(n: number): Request {
    const key = `order-${n}`;
    const people = (count: number): string[] => Array.from({ length: count }, (_, at) => `k${n}-${at}@${domain}`);
    const send_at = this.#sendAt;
    const api = (path: string, body: object) => async (dev: DevProcess) => {
      const talk = new ApiTalk(`http://127.0.0.1:${dev.ready.ports["http"]}`, { user: from, password: "pw" });
      const { status } = await talk.ask("POST", path, body, { "idempotency-key": key });
      return status === 200 || status === 202;
    };
    switch (n % 4) {
      case 0: {
        const to = people(600);
        const recipients = to.map((one) => ({ to: one, variables: { name: one } }));
        return {
          key,
          to,
          send: api("/emails/batch", { from, subject: "To {{name}}", text: "x", send_at, recipients }),
        };
      }
      case 1: {
        const to = people(9);
        const emails = to.map((one, at) => ({ from, to: one, subject: `All ${at}`, text: "y ".repeat(at), send_at }));
        return {
          key,
          to,
          send: api("/emails/batch", { emails: [...emails, { ...emails[0], from: "u2@example.test" }] }),
        };
      }
      case 2: {
        const to = people(3);
        const raw = Buffer.from(`From: ${from}\r\nTo: ${to.join(", ")}\r\nSubject: raw\r\n\r\nz\r\n`).toString(
          "base64",
        );
        return { key, to, send: api("/messages/raw", { to, raw, send_at }) };
      }
      default: {
        const to = people(2);
        return { key, to, send: (dev) => bySmtp(dev, key, to, send_at) };
      }
    }
  }

  /** Whoever does not wait in the queue, and who waits there more than once. */
  async report(): Promise<OnceReport> {
    const { ready } = this.#dev();
    const talk = new ApiTalk(`http://127.0.0.1:${ready.ports["http"]}`, ready.admin);
    const seen = new Map<string, number>();
    for (let cursor = ""; ; ) {
      const page = await talk.ok("GET", `/queue?limit=500&domain=${domain}${cursor === "" ? "" : `&cursor=${cursor}`}`);
      for (const { recipients } of page.items)
        for (const { address } of recipients) seen.set(address, (seen.get(address) ?? 0) + 1);
      if (page.next === null) break;
      cursor = page.next;
    }
    const all = this.#requests.flatMap(({ to }) => to);
    return {
      requests: this.#requests.length,
      brokenOff: this.#brokenOff,
      lost: all.filter((one) => !seen.has(one)),
      twice: [...seen].filter(([, times]) => times > 1).map(([address]) => address),
    };
  }
}

async function bySmtp(dev: DevProcess, key: string, to: readonly string[], at: string): Promise<boolean> {
  const talk = await SmtpTalk.open(dev.ready.ports["submission"]!);
  try {
    await talk.login(from, "pw");
    await talk.say(`MAIL FROM:<${from}>`);
    for (const one of to) await talk.say(`RCPT TO:<${one}>`);
    const header = `From: ${from}\nX-Angarium-Idempotency-Key: ${key}\nX-Angarium-Schedule: ${at}\nSubject: once\n`;
    return (await talk.message(`${header}\nsmtp\n`)).startsWith("250");
  } finally {
    await talk.quit();
  }
}
