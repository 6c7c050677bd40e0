/** RFC 9585: a client whose command takes long hears that it goes on, before it takes the server for dead. */
import { inProgress } from "../../protocol/imap/response.ts";
import type { OneCommand } from "./run.ts";
import type { Session } from "./session.ts";

/** What may take long and writes whole lines only: in the middle of a literal nothing can be said. */
const long: ReadonlySet<OneCommand["name"]> = new Set([
  "SEARCH",
  "ESEARCH",
  "SORT",
  "THREAD",
  "STORE",
  "COPY",
  "MOVE",
  "EXPUNGE",
  "APPEND",
  "REPLACE",
  "SELECT",
  "EXAMINE",
  "CLOSE",
  "DELETE",
  "RENAME",
]);

/** Says so every `everyMs` until disposed of. How far it has come is not known. */
export function progress({ out }: Pick<Session, "out">, { name, tag }: OneCommand, everyMs: number): Disposable {
  const timer = long.has(name)
    ? setInterval(() => {
        out.line(`* OK [${inProgress(tag)}] Still at it`);
        out.flush();
      }, everyMs)
    : undefined;
  return { [Symbol.dispose]: () => clearInterval(timer) };
}
