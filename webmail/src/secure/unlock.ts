/** Asks the reader for the passphrase of a key of theirs. */
import { hide, show } from "../shell/panels.svelte.ts";
import { session } from "../state/session.svelte.ts";
import { keysOf } from "./keys.ts";

/** False where they would rather not. */
export function unlocked(fingerprint: string): Promise<boolean> {
  return new Promise((done) => {
    show({
      kind: "unlock",
      unlock: async (passphrase) => {
        const key = (await keysOf(session.username)).find((one) => one.fingerprint === fingerprint);
        const { unlock } = await import("./openpgp.ts");
        if (key === undefined || !(await unlock(key, passphrase))) return false;
        hide();
        done(true);
        return true;
      },
      leave: () => {
        hide();
        done(false);
      },
    });
  });
}
