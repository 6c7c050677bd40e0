/** What was said of paths that are suspended now. */
import { type Reply, reply } from "../../protocol/smtp/reply.ts";
import type { Path } from "../send/site.ts";

const maxSuspended = 1000;
const unreachable = reply(451, "4.4.1", "No host of the destination can be reached");

export class Suspended {
  readonly #said = new Map<string, Reply>();

  note({ key }: Path, said: Reply): void {
    if (this.#said.size >= maxSuspended) this.#said.delete(this.#said.keys().next().value!);
    this.#said.set(key, said);
  }

  said({ key }: Path): Reply {
    return this.#said.get(key) ?? unreachable;
  }

  clear(): void {
    this.#said.clear();
  }
}
