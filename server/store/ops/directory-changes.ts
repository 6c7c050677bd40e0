/** What whoever looks at people and domains is told of. */
import type { AccountId } from "../store.ts";
import { publish } from "./tx.ts";

export const directoryChanged = () => publish({ kind: "directory" });
/** Whoever is signed in to it is so no more. */
export const signedOut = (account: AccountId) => publish({ kind: "signed-out", account });
