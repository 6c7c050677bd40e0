/** What people taught the filter, in memory while it is used and in the store for ever: corrections, and the lessons they are the sum of. */
import {
  type Called,
  emptyPersonal,
  type Lesson,
  type Personal,
  readPersonal,
  type Taught,
  writePersonal,
} from "../judge/content/personal.ts";
import { filterPrefixes } from "../judge/content/preference-keys.ts";
import type { AccountId, EmailId, Store } from "../store/store.ts";

/** People whose corrections are held in memory: 64 KiB each. */
const maxHeld = 100;
/** Lessons of one person that can be taken back; of older ones only the effect stays. */
export const maxLessons = 2000;

/** Senders that a person has called something; the oldest are forgotten. */
export const maxSenders = 2000;

type Said = { readonly called: Called; readonly email: EmailId };
type Held = {
  readonly personal: Personal;
  readonly lessons: Map<EmailId, Lesson>;
  readonly said: Map<string, Said>;
  readonly taught: Taught;
};
type Kept = {
  readonly corrections: string;
  readonly lessons: readonly (readonly [email: EmailId, spam: 0 | 1, step: number])[];
  /** Missing in what was kept before senders were. */
  readonly senders?: readonly (readonly [address: string, spam: 0 | 1, email: EmailId])[];
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
  taught(account: AccountId): Taught | undefined | Promise<Taught> {
    return this.#taught.has(account) ? this.#load(account).then(({ taught }) => taught) : undefined;
  }

  async of(account: AccountId, email: EmailId): Promise<Lesson | undefined> {
    return this.#taught.has(account) ? (await this.#load(account)).lessons.get(email) : undefined;
  }

  /**
   * `make` changes the corrections and answers the lesson that now stands for the message; it speaks of the sender too, where that is
   * certain enough (lower case). Resolves when it is durable.
   */
  async change(
    account: AccountId,
    email: EmailId,
    make: (personal: Personal) => Lesson | undefined,
    sender?: string,
  ): Promise<void> {
    this.#taught.add(account);
    const held = await this.#load(account);
    const lesson = make(held.personal);
    held.lessons.delete(email);
    if (lesson !== undefined) held.lessons.set(email, lesson);
    trim(held.lessons, maxLessons);
    for (const [address, said] of held.said) if (said.email === email) held.said.delete(address);
    if (lesson !== undefined && sender !== undefined && sender.length <= maxAddressChars) {
      held.said.delete(sender); // The last word is the last of the list.
      held.said.set(sender, { called: lesson.spam ? "spam" : "ham", email });
      trim(held.said, maxSenders);
    }
    await this.#keep(account, held);
  }

  /** Whom the person writes to is not spam any more, whatever was said of them before. */
  async forgive(account: AccountId, addresses: readonly string[]): Promise<void> {
    if (!this.#taught.has(account)) return;
    const held = await this.#load(account);
    const forgiven = addresses.filter((address) => held.said.get(address)?.called === "spam");
    for (const address of forgiven) held.said.delete(address);
    if (forgiven.length > 0) await this.#keep(account, held);
  }

  async #keep(account: AccountId, { personal, lessons, said }: Held): Promise<void> {
    const kept: Kept = {
      corrections: writePersonal(personal),
      lessons: [...lessons].map(([id, { spam, step }]) => [id, spam ? 1 : 0, step] as const),
      senders: [...said].map(([address, { called, email }]) => [address, called === "spam" ? 1 : 0, email] as const),
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
    trim(this.#held, maxHeld);
    return held;
  }
}

const maxAddressChars = 320;

/** Forgets the oldest. */
function trim(map: Map<unknown, unknown>, most: number): void {
  for (const key of map.keys()) {
    if (map.size <= most) break;
    map.delete(key);
  }
}

/** Corrections that cannot be read (another version's) begin anew. */
function readKept(value: unknown): Held {
  const kept = value as Kept | undefined;
  const said = new Map(
    (kept?.senders ?? []).map(([address, spam, email]): [string, Said] => [
      address,
      { called: spam === 1 ? "spam" : "ham", email },
    ]),
  );
  const read = readPersonal(kept?.corrections);
  const personal = read ?? emptyPersonal();
  const lessons = new Map(
    (read === undefined ? [] : kept!.lessons).map(([email, spam, step]) => [email, { spam: spam === 1, step }]),
  );
  return { personal, lessons, said, taught: { personal, senders: { get: (address) => said.get(address)?.called } } };
}
