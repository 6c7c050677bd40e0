/** What stands above the page at the moment: at most one thing. */
import type { Email, Id } from "../jmap/types.ts";

export type Panel =
  | { readonly kind: "palette" }
  | { readonly kind: "help" }
  | { readonly kind: "move" }
  | { readonly kind: "label" }
  | { readonly kind: "snooze" }
  | { readonly kind: "go" }
  | { readonly kind: "mailbox"; readonly id: Id | undefined; readonly parent: Id | null }
  | { readonly kind: "remove-mailbox"; readonly id: Id }
  | { readonly kind: "share"; readonly id: Id }
  | { readonly kind: "empty"; readonly id: Id }
  | { readonly kind: "source"; readonly email: Email }
  | { readonly kind: "filter"; readonly email: Email }
  /** Something waits to be carried out: it would be lost. */
  | { readonly kind: "sign-out"; readonly leave: () => void }
  | { readonly kind: "unlock"; readonly unlock: (passphrase: string) => Promise<boolean>; readonly leave: () => void }
  | { readonly kind: "unsubscribe"; readonly email: Email };

let panel = $state.raw<Panel>();

export const panels = {
  get now(): Panel | undefined {
    return panel;
  },
};

export function show(what: Panel): void {
  panel = what;
}
export function hide(): void {
  panel = undefined;
}
