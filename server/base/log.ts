/** Structured logs, one line of JSON each, on stderr. Everything takes a `Log` and never a logger library. */

import { destination, type Logger, pino } from "pino";
import { safeJson } from "../../protocol/terminal.ts";

export interface Log {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
  /** A log that adds these fields to each line. */
  child(fields: object): Log;
}

export type LogLevel = "debug" | "info" | "warn" | "error";

/** For tests and tools that want silence. */
export const quiet: Log = { debug() {}, info() {}, warn() {}, error() {}, child: () => quiet };

/** Lines that wait where nobody reads stderr; those beyond are lost. */
const maxWaitingBytes = 4 * 1024 * 1024;
/** So long the end of the program waits for somebody to read the next of them, and for all of them. */
const maxSilenceMs = 1_000;
const maxEndMs = 5_000;

/** Writes to stderr without waiting for it; what is still in memory is written by `end`, when the process ends in order. */
export function makeLog(level: LogLevel): { readonly log: Log; readonly end: () => Promise<void> } {
  const out = destination({ fd: 2, sync: false, minLength: 4096, maxLength: maxWaitingBytes, periodicFlush: 200 });
  // Without it an error's message, which is no own enumerable property, would not be written.
  const serializers = { error: pino.stdSerializers.err };
  const lines = { write: (line: string) => void out.write(safeJson(line)) };
  const logger = pino({ level, base: null, timestamp: pino.stdTimeFunctions.isoTime, serializers }, lines);
  const end = async (): Promise<void> => {
    const { promise, resolve } = Promise.withResolvers<"written" | "late">();
    const late = (): void => resolve("late");
    const silence = setTimeout(late, maxSilenceMs);
    const timers = [silence, setTimeout(late, maxEndMs)];
    const isRead = (): unknown => silence.refresh();
    out.on("write", isRead);
    out.flush(() => resolve("written"));
    const how = await promise;
    out.off("write", isRead);
    for (const timer of timers) clearTimeout(timer);
    if (how === "written") return;
    // Otherwise it would be written at the exit, which would wait for ever.
    out.destroy();
    out.write = () => true;
  };
  return { log: wrap(logger), end };
}

function wrap(logger: Logger): Log {
  return {
    debug: (fields, message) => logger.debug(fields, message),
    info: (fields, message) => logger.info(fields, message),
    warn: (fields, message) => logger.warn(fields, message),
    error: (fields, message) => logger.error(fields, message),
    child: (fields) => wrap(logger.child(fields)),
  };
}
