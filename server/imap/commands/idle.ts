/** IDLE. RFC 9051 §6.3.13. Costs nothing while nothing happens: no timer of its own, no buffer. */
import type { Instant } from "../../store/store.ts";
import { type Answer, bad, ok } from "../answer.ts";
import type { Input } from "../input.ts";
import type { Session } from "../session.ts";

/** Undefined: the client is gone, stayed silent too long ("timeout"), or we stop. */
export type IdleEnd = Answer | "closed" | "timeout" | "stopping";

export async function idle(
  session: Session,
  ask: {
    readonly input: Input;
    /** Says what has happened. */
    readonly tell: (mayExpunge: boolean) => Promise<void>;
    readonly now: () => Instant;
    readonly idleTimeoutMs: number;
    readonly stopping: () => boolean;
  },
): Promise<IdleEnd> {
  const until = ask.now() + ask.idleTimeoutMs;
  session.out.line("+ idling");
  const { wake } = session;
  session.wake = ask.input.wake;
  try {
    for (;;) {
      await ask.tell(!ask.input.pipelined);
      const full = session.out.drained();
      if (full !== undefined) await full;
      // Nothing may be missed between asking and waiting: a change since then has woken the input already.
      const step = await ask.input.line();
      if (ask.stopping()) return "stopping";
      switch (step.kind) {
        case "line":
          return /^done[ \t]*$/i.test(step.line) ? ok("IDLE completed") : bad("IDLE ends with DONE");
        case "close":
          return "closed";
        case "ended":
          if (step.why === "closed") return "closed";
          if (ask.now() >= until) return "timeout";
          // Silence: sessions behind address translators would otherwise be forgotten on the way.
          if (step.why === "timeout") session.out.line("* OK Still here");
          break;
        default:
          step satisfies never;
      }
    }
  } finally {
    session.wake = wake;
  }
}
