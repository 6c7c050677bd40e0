/** A server program's end: signals stop it in order, and within five seconds whatever happens. */
import { write } from "node:fs";
import type { RunningServer } from "../assemble/roles.ts";

const deadlineMs = 4_800;
const sayMs = 100;
const late = "angarium: did not stop in order within 5 seconds; what was acknowledged is safe.\n";

/** An exit would write what is left of the log, which waits for ever where nobody reads it. */
const endAtOnce = (): void => {
  process.kill(process.pid, "SIGKILL");
};

/** Resolves with the exit code after SIGTERM or SIGINT and an orderly stop; a second signal ends it at once. SIGHUP has files read again. */
export function untilStopped(server: RunningServer, afterwards: () => Promise<void> | void): Promise<number> {
  return new Promise((resolve) => {
    let stopping = false;
    const stop = (): void => {
      if (stopping) endAtOnce();
      stopping = true;
      setTimeout(() => {
        write(2, late, endAtOnce);
        setTimeout(endAtOnce, sayMs);
      }, deadlineMs).unref();
      server
        .stop()
        .then(afterwards)
        .then(
          () => resolve(0),
          (error: unknown) => {
            process.stderr.write(`angarium: stopping: ${error instanceof Error ? error.message : String(error)}\n`);
            resolve(1);
          },
        );
    };
    process.on("SIGTERM", stop);
    process.on("SIGINT", stop);
    // Where there is a terminal it means that this has gone away, with whoever looked at it.
    process.on("SIGHUP", () => (process.stdout.isTTY ? stop() : server.reread()));
  });
}
