/** What was taken of a message before a crash, by the journey that was committed with it. */
import type { JourneyEntry, Store } from "../store/store.ts";

/** Entries of a journey that are looked at. */
const maxTraced = 1000;

/** The entry of its being taken; `part`: by this list, of a message that went to others too. */
export async function takenBefore(
  store: Pick<Store, "trace">,
  id: string,
  part?: string,
): Promise<JourneyEntry | undefined> {
  return (await store.trace(id, maxTraced)).find(
    ({ stage, detail }) => stage === "accepted" && detail["id"] === id && detail["part"] === part,
  );
}
