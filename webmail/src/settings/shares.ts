/** Who works in one's mailbox and writes for one, by the public API (docs/accounts.md). */
import { ask } from "../jmap/client.ts";
import { urn } from "../jmap/types.ts";
import { session } from "../state/session.svelte.ts";

/** "some": folders differ. */
export const rights = ["none", "read", "write", "all", "some"] as const;
export type Rights = (typeof rights)[number];
export const writings = ["own", "behalf", "as"] as const;
/** In their own name alone, in one's name with theirs beside it, or in one's name. */
export type Writing = (typeof writings)[number];
export type Share = { readonly person: string; readonly rights: Rights; readonly writing: Writing };

type Told = {
  readonly person: string;
  readonly rights: Rights;
  readonly sendAs: boolean;
  readonly sendOnBehalf: boolean;
};

export const sharesWork = (): boolean => session.client.has(urn.restApi);
const root = (): string =>
  `${String(session.client.session.capabilities[urn.restApi]?.["url"] ?? "")}/accounts/me/shares`;

export async function readShares(): Promise<readonly Share[]> {
  const { items } = (await (await ask(root())).json()) as { readonly items: readonly Told[] };
  return items.map(({ person, rights, sendAs, sendOnBehalf }) => ({
    person,
    rights,
    writing: sendAs ? "as" : sendOnBehalf ? "behalf" : "own",
  }));
}

export async function saveShare({ person, rights, writing }: Share): Promise<void> {
  await ask(`${root()}/${encodeURIComponent(person)}`, {
    method: "PUT",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ rights, sendAs: writing === "as", sendOnBehalf: writing === "behalf" }),
  });
}

export async function endShare(person: string): Promise<void> {
  await ask(`${root()}/${encodeURIComponent(person)}`, { method: "DELETE" });
}
