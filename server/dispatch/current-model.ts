/** The model of sending as it is now: read again when it changes, with what is worked out from it once. */
import type { Store } from "../store/store.ts";
import { loadModel } from "./edit.ts";
import type { Model, Named } from "./model.ts";
import { kinds } from "./schema.ts";
import { noWish, senderOf } from "./sender.ts";

type Hosts = {
  readonly returnPaths: ReadonlySet<string>;
  /** Addresses for complaints, lower case. */
  readonly feedback: ReadonlySet<string>;
};

export class CurrentModel {
  readonly #store: Pick<Store, "sendingRows">;
  readonly #file: Named | undefined;
  readonly #listeners: (() => void)[] = [];
  #model: Model;
  #hosts: Hosts | undefined;
  /** Of mail that asks for nothing, by its author's domain. */
  readonly #usual = new Map<string, ReturnType<typeof senderOf>>();
  #rereading: Promise<void> = Promise.resolve();

  private constructor(store: Pick<Store, "sendingRows">, file: Named | undefined, model: Model) {
    this.#store = store;
    this.#file = file;
    this.#model = model;
  }

  /** `file`: what stands fixed beside what the store keeps. */
  static async open(store: Pick<Store, "sendingRows">, file: Named | undefined): Promise<CurrentModel> {
    return new CurrentModel(store, file, await loadModel(store, file));
  }

  readonly now = (): Model => this.#model;

  /** In the order in which they asked. */
  readonly whenChanged = (listener: () => void): void => void this.#listeners.push(listener);

  /** One after the other: what was read first must not come last. */
  reread(): Promise<void> {
    const read = async (): Promise<void> => {
      const next = await loadModel(this.#store, this.#file);
      if (JSON.stringify(plain(next)) === JSON.stringify(plain(this.#model))) return;
      this.#model = next;
      this.#hosts = undefined;
      this.#usual.clear();
      for (const listener of this.#listeners) listener();
    };
    this.#rereading = this.#rereading.then(read, read);
    return this.#rereading;
  }

  /** Where bounces and complaints come in. */
  hosts(): Hosts {
    if (this.#hosts === undefined) {
      const all = [...this.#model.domain.values()];
      this.#hosts = {
        returnPaths: new Set(all.map(({ returnPath }) => returnPath).filter((host) => host !== "")),
        feedback: new Set(all.map(({ feedback }) => feedback.toLowerCase()).filter((address) => address !== "")),
      };
    }
    return this.#hosts;
  }

  /** Whose mail that of an author is (`senderOf`). */
  senderOf(author: string, wish: Parameters<typeof senderOf>[2]): ReturnType<typeof senderOf> {
    // Most mail of most servers is nobody's.
    if (!this.#model.domain.has(author)) return undefined;
    if (wish !== noWish) return senderOf(this.#model, author, wish);
    const known = this.#usual.get(author);
    if (known !== undefined) return known;
    const found = senderOf(this.#model, author, wish);
    this.#usual.set(author, found);
    return found;
  }
}

function plain({ fixed: _, ...maps }: Model): unknown {
  return kinds.map((kind) => [...maps[kind]]);
}
