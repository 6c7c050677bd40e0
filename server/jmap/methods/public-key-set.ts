import type { Method } from "../call.ts";
import { setObjects } from "../objects.ts";
import { publicKeyType } from "../public-key.ts";

const set = setObjects(publicKeyType);

/** A method of our own: publishes keys and withdraws them; the directory knows at once. */
export const publicKeySet: Method = {
  ...set,
  run: async (args, call) => {
    const answer = await set.run(args, call);
    call.ports.publishedKeys.changed();
    return answer;
  },
};
