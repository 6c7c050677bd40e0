/** Who is signed in, and whether the server is there. */
import { Client } from "../jmap/client.ts";
import { listen, type Pushed } from "../jmap/push.ts";
import { Trouble } from "../jmap/trouble.ts";

type State =
  | { readonly kind: "looking" }
  | { readonly kind: "out"; readonly ended: boolean }
  | { readonly kind: "in"; readonly client: Client }
  | { readonly kind: "away" };

const now = $state<{ state: State; online: boolean; username: string }>({
  state: { kind: "looking" },
  online: true,
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
  get username(): string {
    return now.username;
  },
  /** For parts that exist only while somebody is signed in. */
  get client(): Client {
    if (now.state.kind !== "in") throw new Trouble("ended");
    return now.state.client;
  },
};

export async function openSession(): Promise<void> {
  try {
    const client = await Client.open();
    now.username = client.session.username;
    now.state = { kind: "in", client };
    stopListening?.();
    stopListening = listen(
      client.session.eventSourceUrl,
      client.accountId,
      (states) => {
        for (const each of listeners) each(states);
      },
      (is) => {
        const back = is && !now.online;
        now.online = is;
        // What happened meanwhile was not told.
        if (back) for (const each of listeners) each({ Email: "", Mailbox: "" });
      },
    );
  } catch (error) {
    now.state = error instanceof Trouble && error.kind === "ended" ? { kind: "out", ended: false } : { kind: "away" };
  }
}

/** The session is over: what is open stays in memory, the door is shown above it. */
export function sessionEnded(): void {
  stopListening?.();
  stopListening = undefined;
  if (now.state.kind === "in") now.state = { kind: "out", ended: true };
}

export function sessionLeft(): void {
  stopListening?.();
  stopListening = undefined;
  now.state = { kind: "out", ended: false };
}

/** Calls back when the server says that something has changed. */
export function whenPushed(changed: (states: Pushed) => void): () => void {
  listeners.add(changed);
  return () => listeners.delete(changed);
}
