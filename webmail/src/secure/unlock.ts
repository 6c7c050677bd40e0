/** Asks the reader for the passphrase of a key of theirs. */
import { hide, show } from "../shell/panels.svelte.ts";
import { session } from "../state/session.svelte.ts";
import { type KeptKey, keysOf } from "./keys.ts";

/** False where the passphrase is wrong. */
export const unlockKey = async (key: KeptKey, passphrase: string): Promise<boolean> =>
  key.by === "smime"
    ? (await import("./smime-key.ts")).unlockSmime(key, passphrase)
    : (await import("./openpgp.ts")).unlock(key, passphrase);

/** False where they would rather not. */
export function unlocked(fingerprint: string): Promise<boolean> {
  return new Promise((done) => {
    show({
      kind: "unlock",
      unlock: async (passphrase) => {
        const key = (await keysOf(session.username)).find((one) => one.fingerprint === fingerprint);
        if (key === undefined || !(await unlockKey(key, passphrase))) return false;
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
