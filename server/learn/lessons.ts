/** What people taught the filter, in memory while it is used and in the store for ever: corrections, and the lessons they are the sum of. */
import { emptyPersonal, type Lesson, type Personal, readPersonal, writePersonal } from "../judge/content/personal.ts";
import { filterPrefixes } from "../judge/content/preference-keys.ts";
import type { AccountId, EmailId, Store } from "../store/store.ts";

/** People whose corrections are held in memory: 64 KiB each. */
const maxHeld = 100;
/** Lessons of one person that can be taken back; of older ones only the effect stays. */
export const maxLessons = 2000;

type Held = { readonly personal: Personal; readonly lessons: Map<EmailId, Lesson> };
type Kept = {
  readonly corrections: string;
  readonly lessons: readonly (readonly [email: EmailId, spam: 0 | 1, step: number])[];
};

const lessonsKey = (account: AccountId): string => filterPrefixes.lessons + account;

export class Lessons {
  readonly #store: Pick<Store, "setting" | "putSetting">;
  readonly #held = new Map<AccountId, Promise<Held>>();
  /** People who have taught something; filled at the start, so that nobody else costs a question. */
  readonly #taught: Set<AccountId>;

  constructor(store: Pick<Store, "setting" | "putSetting">, taught: Iterable<AccountId>) {
    this.#store = store;
    this.#taught = new Set(taught);
  }

  /** Undefined, at once, where the person has taught nothing. */
  personal(account: AccountId): Personal | undefined | Promise<Personal | undefined> {
    return this.#taught.has(account) ? this.#load(account).then(({ personal }) => personal) : undefined;
  }

  async of(account: AccountId, email: EmailId): Promise<Lesson | undefined> {
    return this.#taught.has(account) ? (await this.#load(account)).lessons.get(email) : undefined;
  }

  /** `make` changes the corrections and answers the lesson that now stands for the message. Resolves when it is durable. */
  async change(account: AccountId, email: EmailId, make: (personal: Personal) => Lesson | undefined): Promise<void> {
    this.#taught.add(account);
    const held = await this.#load(account);
    const lesson = make(held.personal);
    held.lessons.delete(email);
    if (lesson !== undefined) held.lessons.set(email, lesson);
    for (const old of held.lessons.keys()) {
      if (held.lessons.size <= maxLessons) break;
      held.lessons.delete(old);
    }
    const kept: Kept = {
      corrections: writePersonal(held.personal),
      lessons: [...held.lessons].map(([id, { spam, step }]) => [id, spam ? 1 : 0, step] as const),
    };
    await this.#store.putSetting(lessonsKey(account), kept);
  }

  async forget(account: AccountId): Promise<void> {
    this.#taught.delete(account);
    this.#held.delete(account);
    await this.#store.putSetting(lessonsKey(account), undefined);
  }

  #load(account: AccountId): Promise<Held> {
    let held = this.#held.get(account);
    if (held === undefined) {
      held = this.#store.setting(lessonsKey(account)).then(readKept);
      held.catch(() => this.#held.delete(account));
    } else this.#held.delete(account);
    this.#held.set(account, held); // The most recently used is the last.
    for (const old of this.#held.keys()) {
      if (this.#held.size <= maxHeld) break;
      this.#held.delete(old);
    }
    return held;
  }
}

/** What cannot be read (another version's) begins anew. */
function readKept(value: unknown): Held {
  const kept = value as Kept | undefined;
  const personal = readPersonal(kept?.corrections);
  if (kept === undefined || personal === undefined) return { personal: emptyPersonal(), lessons: new Map() };
  return { personal, lessons: new Map(kept.lessons.map(([email, spam, step]) => [email, { spam: spam === 1, step }])) };
}
