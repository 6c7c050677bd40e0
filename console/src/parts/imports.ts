/** Imports from other servers, and how far they are, in words. */
import { count, duration, fromNow } from "../say.ts";

export type Import = {
  readonly id: number;
  readonly host: string;
  readonly user: string;
  readonly state: "waiting" | "running" | "done" | "failed" | "stopped";
  readonly everyMs: number;
  readonly folders: number;
  readonly foldersDone: number;
  readonly added: number;
  readonly known: number;
  readonly left: readonly string[];
  readonly trouble: string | null;
  readonly nextAt: string | null;
};

const messages = (n: number): string => (n === 1 ? "one message" : `${count(n)} messages`);
const came = ({ added, known }: Import): string =>
  `${added === 0 && known > 0 ? "Nothing new" : messages(added).replace(/^o/, "O")} came${known > 0 ? `, ${messages(known)} ${known === 1 ? "was" : "were"} here already` : ""}.`;

export function wordsOf(one: Import, now = Date.now()): string {
  const { state, trouble, everyMs, folders, foldersDone, nextAt } = one;
  switch (state) {
    case "running":
      return folders === 0
        ? `Connecting to ${one.host}, and looking what is there.`
        : `${foldersDone} of ${folders === 1 ? "one folder" : `${count(folders)} folders`} so far. ${came(one)}`;
    case "done":
      return `Done. ${came(one)}`;
    case "stopped":
      return `Stopped. ${came(one)} Run it again, and it goes on where it was.`;
    case "failed":
      return `${trouble ?? "It did not work."} ${one.added + one.known > 0 ? `${came(one)} ` : ""}When that is mended, run it again: nothing comes twice.`;
    case "waiting": {
      const next =
        everyMs === 0 || nextAt === null ? "It waits for its turn." : `It looks again ${fromNow(nextAt, now)}.`;
      if (trouble !== null) return `${trouble} ${next}`;
      return folders === 0
        ? next
        : `${came(one)} Kept in step every ${duration(everyMs)}: ${next.charAt(0).toLowerCase()}${next.slice(1)}`;
    }
    default:
      return state satisfies never;
  }
}

export function kindOf({ state, trouble, left }: Import): "good" | "warn" | "bad" | "" {
  if (state === "failed" || (state === "waiting" && trouble !== null)) return "bad";
  return state !== "done" ? "" : left.length > 0 ? "warn" : "good";
}
