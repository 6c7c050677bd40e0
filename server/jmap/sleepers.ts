/**
 * Snoozed emails: a keyword `snoozed-until-MINUTES` (since 1970) says when. When the time has come the email goes back to where it was taken
 * from, unread, whether a page of its reader is open or not. What waits is in the store, and survives a restart.
 */
import type { EmailEdit } from "../store/jmap.ts";
import { type AccountId, type EmailId, Flag, type MailboxId } from "../store/store.ts";
import type { JmapPorts } from "./ports.ts";

const objectName = "Sleeper";
const keyword = /^snoozed-until-(\d{1,9})$/;
const lookEveryMs = 5_000;
/** Woken in one round. */
const maxWoken = 200;
/** In memory; what is beyond is taken up at the next start. */
const maxSleeping = 200_000;
/** Of one account. */
const maxOwn = 5_000;

type Sleeper = {
  readonly keyword: string;
  readonly until: number;
  readonly from: readonly MailboxId[];
  readonly in: readonly MailboxId[];
};

/** What an edit puts to sleep, or undefined. */
function sleeperOf({ marks, mailboxes }: EmailEdit): Sleeper | undefined {
  const added = marks === undefined ? [] : "set" in marks ? marks.set.keywords : marks.add.keywords;
  const found = added.find((name) => keyword.test(name));
  if (found === undefined) return undefined;
  const moved = mailboxes !== undefined && "add" in mailboxes ? mailboxes : { add: [], remove: [] };
  return {
    keyword: found,
    until: Number(keyword.exec(found)?.[1]) * 60_000,
    from: moved.remove,
    in: moved.add,
  };
}

const isSleeper = (data: unknown): data is Sleeper =>
  typeof data === "object" && data !== null && typeof (data as Sleeper).until === "number";

export class Sleepers {
  readonly #ports: Pick<JmapPorts, "store" | "now" | "log">;
  readonly #sleeping = new Map<string, { readonly account: AccountId; readonly email: EmailId; until: number }>();
  #timer: NodeJS.Timeout | undefined;
  #round: Promise<void> | undefined;

  constructor(ports: Pick<JmapPorts, "store" | "now" | "log">) {
    this.#ports = ports;
  }

  async start(): Promise<void> {
    for (const { account, id, data } of await this.#ports.store.objectsOfAll(objectName))
      if (isSleeper(data)) this.#remember(account, Number(id), data.until);
    this.#timer = setInterval(() => {
      this.#round ??= this.#look().finally(() => {
        this.#round = undefined;
      });
    }, lookEveryMs).unref();
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await this.#round;
  }

  /** Remembers what these edits, which have been done, put to sleep. */
  async note(account: AccountId, edits: readonly EmailEdit[]): Promise<void> {
    const fresh = edits.flatMap((edit) => {
      const data = sleeperOf(edit);
      return data === undefined ? [] : [{ id: String(edit.email), data }];
    });
    if (fresh.length === 0) return;
    const { objects } = await this.#ports.store.objects(account, objectName);
    if (objects.length + fresh.length > maxOwn) return;
    await this.#ports.store.objectsPut(account, objectName, fresh, undefined);
    for (const { id, data } of fresh) this.#remember(account, Number(id), data.until);
  }

  #remember(account: AccountId, email: EmailId, until: number): void {
    if (this.#sleeping.size < maxSleeping) this.#sleeping.set(`${account} ${email}`, { account, email, until });
  }

  async #look(): Promise<void> {
    const now = this.#ports.now();
    let woken = 0;
    for (const [key, one] of this.#sleeping) {
      if (one.until > now) continue;
      if (++woken > maxWoken) break;
      try {
        await this.#wake(one.account, one.email);
        this.#sleeping.delete(key);
      } catch (error) {
        this.#ports.log.error({ error, email: one.email }, "a snoozed email could not be woken; it is tried again");
        one.until = now + 60_000;
      }
    }
  }

  async #wake(account: AccountId, email: EmailId): Promise<void> {
    const { store } = this.#ports;
    const [{ objects }, { rows }, { mailboxes }] = await Promise.all([
      store.objects(account, objectName, [String(email)]),
      store.emailRows(account, [email], "none"),
      store.jmapMailboxes(account),
    ]);
    const data = objects[0]?.data;
    const row = rows[0];
    // Whoever took the keyword away, or snoozed it again, has decided.
    if (isSleeper(data) && row?.marks.keywords.includes(data.keyword)) {
      const there = new Set(mailboxes.map(({ id }) => id));
      const inbox = mailboxes.find(({ role }) => role === "inbox")?.id;
      const from = data.from.filter((id) => there.has(id));
      const back = from.length > 0 ? from : inbox === undefined ? [] : [inbox];
      const marks = { add: { flags: 0, keywords: [] }, remove: { flags: Flag.seen, keywords: [data.keyword] } };
      const edit: EmailEdit =
        data.in.length === 0 || back.length === 0
          ? { email, marks }
          : { email, marks, mailboxes: { add: back, remove: data.in.filter((id) => !back.includes(id)) } };
      await store.emailsSet(account, [edit], [], undefined);
    }
    await store.objectsPut(account, objectName, [{ id: String(email), data: undefined }], undefined);
  }
}
