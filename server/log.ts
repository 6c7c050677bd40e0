/** Structured logs, one line of JSON each, on stderr. Everything takes a `Log` and never a logger library. */
export interface Log {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
  /** A log that adds these fields to each line. */
  child(fields: object): Log;
}

/** For tests and tools that want silence. */
export const quiet: Log = { debug() {}, info() {}, warn() {}, error() {}, child: () => quiet };
