/** A list of the API, page after page. */
import { call, type Page, type Query, type Row, sentence } from "../api/call.ts";

export class List<T = Row> {
  rows = $state.raw<readonly T[]>([]);
  next = $state.raw<string | null>(null);
  /** How many have been asked for. */
  pages = 0;
  busy = $state(false);
  loaded = $state(false);
  problem = $state<string>();
  readonly #path: string;
  #query: Query = {};
  /** Only the answer to the last question counts. */
  #asked = 0;

  constructor(path: string) {
    this.#path = path;
  }

  /** Begins anew, with these parameters. */
  async load(query: Query = this.#query): Promise<void> {
    this.#query = query;
    await this.#ask(undefined);
  }
  async more(): Promise<void> {
    if (this.next !== null && !this.busy) await this.#ask(this.next);
  }

  async #ask(cursor: string | undefined): Promise<void> {
    const asked = ++this.#asked;
    this.busy = true;
    try {
      const page = await call<Page<T>>("GET", this.#path, { ...this.#query, cursor });
      if (asked !== this.#asked) return;
      this.pages = cursor === undefined ? 1 : this.pages + 1;
      this.rows = cursor === undefined ? page.items : [...this.rows, ...page.items];
      this.next = page.next ?? null;
      this.problem = undefined;
      this.loaded = true;
    } catch (error) {
      if (asked === this.#asked) this.problem = sentence(error);
    } finally {
      if (asked === this.#asked) this.busy = false;
    }
  }
}
