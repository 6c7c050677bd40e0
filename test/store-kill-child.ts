/**
 * The victim of `store-kill.test.ts`: accepts messages as fast as it can, and says on stdout what was acknowledged, one
 * line each: `mail <uid> <number>` or `queue <id> <number>`. The number is also what the message says.
 */
import { writeSync } from "node:fs";
import { openSqliteStore } from "../server/store/client.ts";
import type { NewMessage, NewQueued } from "../server/store/store.ts";

const [dir = "", first = "0"] = process.argv.slice(2);
let next = Number(first);

/** Every fortieth is large enough to become a blob. */
export function killedMessage(number: number): NewMessage {
  let body = `number ${number}\r\n`;
  if (number % 40 === 0) {
    const noise = Buffer.alloc(400_000);
    for (let i = 0, state = number + 1; i < noise.length; i++) {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
      noise[i] = state >>> 24;
    }
    body += noise.toString("latin1");
  } else body += "x".repeat(number % 900);
  const head = `Message-ID: <${number}@kill.test>\r\n\r\n`;
  return {
    bytes: Buffer.from(head + body, "latin1"),
    facts: {
      headerBytes: head.length,
      envelope: "()",
      structure: "()",
      subject: "",
      sentAt: undefined,
      messageId: `${number}@kill.test`,
      references: [],
      hasAttachment: false,
      signature: new Uint8Array(0),
    },
  };
}

const queue = (): NewQueued => ({
  envelopeFrom: "k@kill.test",
  recipients: [{ address: "far@far.test", domain: "far.test", orcpt: undefined, notify: undefined }],
  envid: undefined,
  ret: undefined,
  smtputf8: false,
  body: "7bit",
  requireTls: false,
  account: undefined,
  stream: "default",
  createdAt: 1,
  notBefore: 1,
  expiresAt: 2,
  held: false,
  lease: undefined,
});

if (import.meta.main) {
  const store = await openSqliteStore({ dir });
  const [account] = await store.accounts();
  const one = async () => {
    for (;;) {
      const number = next++;
      const elsewhere = number % 7 === 0;
      const accepted = await store.accept({
        message: killedMessage(number),
        placements: elsewhere
          ? []
          : [{ account: account!.id, target: { role: "inbox" }, marks: { flags: 0, keywords: [] }, receivedAt: 1 }],
        ...(elsewhere ? { queue: queue() } : {}),
        journey: [{ at: 1, stage: "accepted", trace: undefined, keys: [`${number}@kill.test`], detail: {} }],
      });
      const [placed] = accepted.placed;
      // Synchronous: what is said has been handed to the system before anything else happens.
      if (accepted.queued !== undefined) writeSync(1, `queue ${accepted.queued.id} ${number}\n`);
      else if (placed?.kind === "placed") writeSync(1, `mail ${placed.uid} ${number}\n`);
    }
  };
  await Promise.all(Array.from({ length: 20 }, one));
}
