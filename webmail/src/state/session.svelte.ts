/** Who is signed in, and whether the server is there. */
import { signOut } from "../../../ui/sign-in.ts";
import { Client } from "../jmap/client.ts";
import { authorization, forget } from "../jmap/credentials.ts";
import { doorIsOurs, wantsBasic } from "../jmap/door.ts";
import { listen, type Pushed } from "../jmap/push.ts";
import { Trouble } from "../jmap/trouble.ts";
import type { Email } from "../jmap/types.ts";
import { connectionBack, leaveNothing, lock, sessionHere, standBeside } from "../offline/offline.svelte.ts";

type State =
  | { readonly kind: "looking" }
  | { readonly kind: "out"; readonly ended: boolean }
  | { readonly kind: "in"; readonly client: Client }
  | { readonly kind: "away" };

const now = $state<{ state: State; online: boolean; failing: boolean; username: string }>({
  state: { kind: "looking" },
  online: true,
  failing: false,
  username: "",
});
const listeners = new Set<(states: Pushed) => void>();
let stopListening: (() => void) | undefined;

export const session = {
  get state(): State {
    return now.state;
  },
  /** False while pushes do not come through. */
  get online(): boolean {
    return now.online;
  },
  /** Not online because the server is out of order, not the network. */
  get failing(): boolean {
    return now.failing;
  },
  get username(): string {
    return now.username;
  },
  /** For parts that exist only while somebody is signed in. */
  get client(): Client {
    if (now.state.kind !== "in") throw new Trouble("ended");
    return now.state.client;
  },
};

/** The next look at whether the server is there again. */
const probeMs = 5_000;
/** Signed out while nobody answered: said to the server before anything else. */
const leftName = "angarium.left";

function online(is: boolean, failing = false): void {
  const back = is && !now.online;
  now.online = is;
  now.failing = failing;
  // What happened meanwhile was not told.
  if (back) refreshAll();
}
function refreshAll(): void {
  for (const each of listeners) each({ Email: "", Mailbox: "" });
}

type Told = {
  readonly tell: (sentences: readonly string[]) => void;
  readonly giveBack: (letter: Email) => Promise<void>;
};
let told: Told | undefined;
/** What waited may be carried out before the page stands: it is told then. */
let stands = () => {};
const somebody = new Promise<void>((resolve) => {
  stands = resolve;
});
/** How the page tells what could not be carried out later as it was done, and what it does with letters among that. */
export function whenTold(does: Told): void {
  told = does;
  stands();
}

async function begin(client: Client): Promise<void> {
  // Somebody else has signed in where a session had ended: nothing of what this page knows is theirs.
  if (now.username !== "" && now.username !== client.session.username) return location.replace(location.pathname);
  now.username = client.session.username;
  stopListening?.();
  const beside = standBeside(client, {
    online,
    ended: sessionEnded,
    refresh: refreshAll,
    tell: (what) => void somebody.then(() => told?.tell(what)),
    giveBack: async (letter) => {
      await somebody;
      await told?.giveBack(letter);
    },
  }).catch(
    // Without a place to keep it (a private window) the page works as far as the network does.
    (error: unknown) => console.warn(error),
  );
  // Away, what is kept is what answers.
  if (!now.online) await beside;
  now.state = { kind: "in", client };
  const hear = () =>
    listen(
      client.session.eventSourceUrl,
      client.accountId,
      (states) => {
        for (const each of listeners) each(states);
      },
      (is) => {
        const back = is && !now.online;
        online(is);
        if (back) connectionBack();
      },
    );
  let stop = hear();
  client.onsession = () => {
    // A connection hears of the accounts that there were when it began.
    stop();
    stop = hear();
    refreshAll();
  };
  const probe = async () => {
    if (now.online) return;
    try {
      await Client.open();
      // The session may be answered by what stands before a server that is out of order.
      await client.direct([["Core/echo", {}]]);
      online(true);
      connectionBack();
    } catch (error) {
      if (error instanceof Trouble && error.kind === "ended") sessionEnded();
    }
  };
  const timer = setInterval(probe, probeMs);
  addEventListener("online", probe);
  stopListening = () => {
    client.onsession = undefined;
    stop();
    clearInterval(timer);
    removeEventListener("online", probe);
  };
}

export async function openSession(): Promise<void> {
  try {
    if (localStorage.getItem(leftName) !== null && (await signOut())) localStorage.removeItem(leftName);
    const byCookie = authorization() === undefined;
    if (byCookie && (await wantsBasic())) throw new Trouble("ended");
    const client = await Client.open();
    if (byCookie) doorIsOurs();
    now.online = true;
    void begin(client);
  } catch (error) {
    if (error instanceof Trouble && error.kind === "ended") {
      now.state = { kind: "out", ended: false };
      return;
    }
    const kept = localStorage.getItem(leftName) === null ? await sessionHere().catch(() => undefined) : undefined;
    if (kept === undefined) {
      now.state = { kind: "away" };
      return;
    }
    now.online = false;
    await begin(new Client(kept));
  }
}

/** The session is over: what is open stays in memory, the door is shown above it. */
export function sessionEnded(): void {
  stopListening?.();
  stopListening = undefined;
  forget();
  void lock();
  if (now.state.kind === "in") now.state = { kind: "out", ended: true };
}

/** Signs out; nothing of the account stays on this device. */
export async function leaveSession(): Promise<void> {
  const { unsubscribe } = await import("../notices/subscribe.ts");
  await unsubscribe(now.state.kind === "in" ? now.state.client : undefined).catch(() => {});
  stopListening?.();
  stopListening = undefined;
  await leaveNothing();
  if (authorization() !== undefined) forget();
  else if (!(await signOut())) localStorage.setItem(leftName, "");
  now.state = { kind: "out", ended: false };
}

/** Calls back when the server says that something has changed. */
export function whenPushed(changed: (states: Pushed) => void): () => void {
  listeners.add(changed);
  return () => listeners.delete(changed);
}
