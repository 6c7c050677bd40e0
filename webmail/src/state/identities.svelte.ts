/** Who one writes as. */
import { identityCalls } from "../jmap/identity-calls.ts";
import { Trouble } from "../jmap/trouble.ts";
import type { EmailAddress, Id, Identity } from "../jmap/types.ts";
import { session } from "./session.svelte.ts";

let list = $state.raw<readonly Identity[]>([]);
/** Who is named as Sender beside an identity that is somebody else's (RFC 5322 §3.6.2). */
let senders = $state.raw<ReadonlyMap<Id, EmailAddress>>(new Map());
const own = $derived(new Set([session.username.toLowerCase(), ...list.map(({ email }) => email.toLowerCase())]));

export const identities = {
  get list(): readonly Identity[] {
    return list;
  },
  /** Addresses that are the reader's own, in small letters. */
  get own(): ReadonlySet<string> {
    return own;
  },
  /** Undefined where one writes as oneself. */
  senderOf: (id: Id): EmailAddress | undefined => senders.get(id),
};

/** Addresses of others that the server has been asked about. */
const asked = new Set<string>();

/** Makes an identity of an address of another's, where its owner has granted to send as it; where not, nothing is said. */
export async function tryIdentity(email: string): Promise<void> {
  const address = email.toLowerCase();
  if (asked.has(address) || own.has(address)) return;
  asked.add(address);
  const answer = await session.client
    .one("Identity/set", { create: { granted: { email, name: "" } } })
    .catch(() => undefined);
  if (answer?.created?.granted !== undefined) await loadIdentities();
}

export async function loadIdentities(): Promise<void> {
  const calls = identityCalls(session.client);
  if (calls.length === 0) return;
  const answers = await session.client.all(calls);
  const behalf: readonly { readonly id: Id; readonly sender: EmailAddress }[] = answers.get("behalf")?.list ?? [];
  senders = new Map(behalf.map(({ id, sender }) => [id, sender]));
  list = answers.get("all")?.list ?? [];
}

/** Where the server did not answer it is asked again. */
const againMs = 5_000;

/** The same at the start: that there is no connection is told by the bar, and needs no note of its own. */
export async function learnIdentities(): Promise<void> {
  try {
    await loadIdentities();
  } catch (error) {
    if (!(error instanceof Trouble) || error.kind !== "away") throw error;
    setTimeout(() => void learnIdentities().catch(() => {}), againMs);
  }
}
