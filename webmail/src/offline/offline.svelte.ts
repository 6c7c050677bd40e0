/** The mail that is kept on this device, beside the client: it sees every answer, answers where the server does not, and carries out later what was done meanwhile. */
import type { Answer, Aside, Call, Client } from "../jmap/client.ts";
import { identityCalls } from "../jmap/identity-calls.ts";
import { Trouble } from "../jmap/trouble.ts";
import type { Email, Id, Mailbox, Session } from "../jmap/types.ts";
import { answerHere, learnAnswers } from "./answer.ts";
import { canWait, changeLater, isChange } from "./change.ts";
import { maxFileBytes, wipe } from "./db.ts";
import { flush, type Names, namesWhatIsHere, type Server, translated } from "./flush.ts";
import { keepRecent } from "./keep.ts";
import { Kept } from "./kept.ts";
import { isLocal } from "./local.ts";

/** A server that was away is given this long. */
const shortPatienceMs = 6_000;
/** After a failure what is kept answers at once for so long. */
const restMs = 2_000;
const keepAfterMs = 4_000;
const maxTold = 50;

/** Whether mail is kept on this device, as the reader wishes. */
const wishName = "angarium.keepMail";
export const keepsMail = (): boolean => localStorage.getItem(wishName) !== "no";

type World = {
  /** @param failing the server is there, and out of order */
  readonly online: (is: boolean, failing?: boolean) => void;
  readonly ended: () => void;
  /** Something has changed that the page shows. */
  readonly refresh: () => void;
  readonly tell: (sentences: readonly string[]) => void;
  /** The server would not take it: done when it is kept elsewhere. */
  readonly giveBack: (letter: Email) => Promise<void>;
};

const state = $state<{ waiting: number; working: boolean; emails: number; chars: number; told: readonly string[] }>({
  waiting: 0,
  working: false,
  emails: 0,
  chars: 0,
  told: [],
});

export const offline = {
  /** Requests that wait to be carried out. */
  get waiting(): number {
    return state.waiting;
  },
  get working(): boolean {
    return state.working;
  },
  get emails(): number {
    return state.emails;
  },
  get chars(): number {
    return state.chars;
  },
  /** What could not be carried out as it was done. */
  get told(): readonly string[] {
    return state.told;
  },
  forgetTold(): void {
    state.told = [];
  },
};

class Beside implements Aside {
  readonly kept: Kept;
  readonly client: Client;
  readonly #world: World;
  readonly #channel = new BroadcastChannel("angarium-offline");
  #failedAt = Number.NEGATIVE_INFINITY;
  #names: Names = {};
  #flushing: Promise<void> | undefined;
  #keeping = false;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #ended = false;

  constructor(kept: Kept, client: Client, world: World) {
    this.kept = kept;
    this.client = client;
    this.#world = world;
    this.#channel.onmessage = () => this.#behind(this.kept.reload().then(() => this.count()));
  }

  /** Nobody waits for it. Where the session ends meanwhile, its database is closed under it: then it just ends too. */
  #behind(work: Promise<void>): void {
    work.catch((error: unknown) => {
      if (!this.#ended) throw error;
    });
  }

  end(): void {
    this.#ended = true;
    clearTimeout(this.#timer);
    this.#channel.close();
    this.kept.db.close();
  }

  async count(changed = false): Promise<void> {
    state.waiting = await this.kept.db.count("waiting");
    state.emails = this.kept.heads.size;
    state.chars = this.kept.chars;
    this.#names = (await this.kept.fact<Names>("names")) ?? {};
    if (changed) this.#channel.postMessage("changed");
  }

  async all(
    asked: readonly Call[],
    direct: (calls: readonly Call[], patience?: number) => Promise<ReadonlyMap<string, Answer>>,
  ): Promise<ReadonlyMap<string, Answer>> {
    const changes = asked.some(isChange);
    if (state.waiting > 0 && performance.now() - this.#failedAt > restMs) await this.flush();
    const calls = translated(asked, this.#names);
    const resting = performance.now() - this.#failedAt <= restMs;
    if (resting || state.waiting > 0) return this.#here(calls, changes, false);
    if (changes && namesWhatIsHere(calls)) {
      // Its files were kept when the server did not answer; it answers again, perhaps.
      const answers = await this.#here(calls, changes, false);
      this.#behind(this.flush());
      return answers;
    }
    try {
      const answers = await direct(calls, this.#failedAt > Number.NEGATIVE_INFINITY ? shortPatienceMs : undefined);
      this.#reached();
      if (keepsMail()) void learnAnswers(this.kept, calls, answers).catch(() => {});
      return answers;
    } catch (error) {
      if (!(error instanceof Trouble) || error.kind !== "away") throw error;
      this.#missed(error);
      return this.#here(calls, changes, true);
    }
  }

  async #here(calls: readonly Call[], changes: boolean, tried: boolean): Promise<ReadonlyMap<string, Answer>> {
    if (!changes) return answerHere(this.kept, calls);
    if (!canWait(calls)) throw new Trouble("away");
    const answers = await changeLater(this.kept, calls, tried, Date.now());
    await this.count(true);
    return answers;
  }

  get away(): boolean {
    return this.#failedAt > Number.NEGATIVE_INFINITY;
  }
  #reached(): void {
    this.#failedAt = Number.NEGATIVE_INFINITY;
    this.#world.online(true);
  }
  #missed({ message }: Trouble): void {
    this.#failedAt = performance.now();
    this.#world.online(false, message !== "");
  }
  /** The connection is back: nothing is put off any longer. */
  back(): void {
    this.#failedAt = Number.NEGATIVE_INFINITY;
    this.#behind(this.flush().then(() => this.keepSoon()));
  }

  /** Carries out what waits; one page at a time. */
  flush(): Promise<void> {
    this.#flushing ??= navigator.locks
      .request("angarium-waiting", () => this.#flush())
      .finally(() => {
        this.#flushing = undefined;
      });
    return this.#flushing;
  }

  async #flush(): Promise<void> {
    await this.count();
    if (state.waiting === 0 || this.#ended) return;
    state.working = true;
    const boxes = (await this.kept.mailboxes()) ?? [];
    const server: Server = {
      all: (calls) => this.client.direct(calls, shortPatienceMs * 2),
      upload: (bytes, type) => this.client.upload(bytes, type),
      mailboxName: (id) => boxes.find((box: Mailbox) => box.id === id)?.name ?? "?",
    };
    const tell = (all: readonly string[]) => {
      const sentences = [...new Set(all)].filter((one) => !state.told.includes(one));
      if (sentences.length === 0) return;
      state.told = [...state.told, ...sentences].slice(-maxTold);
      this.#world.tell(sentences);
    };
    try {
      await flush(this.kept, server, Date.now, tell, this.#world.giveBack);
      this.#reached();
    } catch (error) {
      if (!(error instanceof Trouble)) throw error;
      if (error.kind === "ended") this.#world.ended();
      else this.#missed(error);
    } finally {
      state.working = false;
      await this.count(true);
      if (state.waiting === 0) this.#world.refresh();
    }
  }

  /** Brings recent mail here when there has been quiet for a while. */
  keepSoon(): void {
    clearTimeout(this.#timer);
    if (!keepsMail() || this.#ended) return;
    this.#timer = setTimeout(() => this.#behind(this.#keep()), keepAfterMs);
  }
  async #keep(): Promise<void> {
    if (this.#keeping || state.waiting > 0 || this.#failedAt > Number.NEGATIVE_INFINITY) return;
    this.#keeping = true;
    try {
      // Asked for at the start, perhaps before anybody stood beside: without them nothing can be written.
      await this.client.all(identityCalls(this.client));
      await navigator.locks.request("angarium-keep", { ifAvailable: true }, async (lock) => {
        if (lock !== null) await keepRecent(this.kept, this.client, () => !this.#ended && keepsMail());
      });
    } catch (error) {
      if (!(error instanceof Trouble) && !this.#ended) console.error(error);
    } finally {
      this.#keeping = false;
      if (!this.#ended) await this.count(true);
    }
  }

  async keepFile(file: Blob): Promise<Id> {
    let bytes = file.size;
    for (const one of await this.kept.db.getAll("files")) bytes += one.blob.size;
    if (bytes > maxFileBytes) throw new Trouble("large");
    const id = `here-${crypto.randomUUID()}`;
    await this.kept.db.put("files", { blob: file, type: file.type || "application/octet-stream" }, id);
    return id;
  }
  dropFile(blobId: Id): Promise<void> {
    return this.kept.db.delete("files", blobId);
  }
  async file(blobId: Id): Promise<Blob | undefined> {
    return isLocal(blobId) ? (await this.kept.db.get("files", blobId))?.blob : undefined;
  }
}

let beside: Beside | undefined;

/** The session that was kept of who was last signed in; undefined where there is none, or it has ended. */
export async function sessionHere(): Promise<Session | undefined> {
  if (!keepsMail()) return undefined;
  const kept = await Kept.open();
  const found = (await kept.fact<boolean>("locked")) === true ? undefined : await kept.fact<Session>("session");
  kept.db.close();
  return found;
}

/** Stands beside the client from now on. What was kept of somebody else is gone. */
export async function standBeside(client: Client, world: World): Promise<void> {
  beside?.end();
  let kept = await Kept.open();
  const owner = await kept.fact<Session>("session");
  if (owner !== undefined && owner.username !== client.session.username) {
    kept.db.close();
    await wipe();
    kept = await Kept.open();
  }
  await kept.putFact("session", client.session);
  await kept.putFact("locked", false);
  beside = new Beside(kept, client, world);
  await beside.count();
  client.aside = beside;
  beside.back();
}

export const connectionBack = (): void => beside?.back();
export const keepSoon = (): void => beside?.keepSoon();

/** The session has ended: what is kept is shown to nobody until its owner has signed in again. */
export async function lock(): Promise<void> {
  await beside?.kept.putFact("locked", true).catch(() => {});
}

/** Nothing stays. */
export async function leaveNothing(): Promise<void> {
  beside?.end();
  beside = undefined;
  await wipe();
}

/** As the reader wishes; what is there goes where it is not wished. */
export async function wishToKeep(is: boolean): Promise<void> {
  localStorage.setItem(wishName, is ? "yes" : "no");
  if (is) return keepSoon();
  const kept = beside?.kept;
  if (kept === undefined) return;
  await kept.drop([...kept.heads.keys()].filter((id) => !isLocal(id)));
  await kept.putFact("whole", false);
  await beside?.count(true);
}
