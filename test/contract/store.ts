/** The store's contract: what every implementation does, whatever it stands on. */
import { describe } from "node:test";
import { acceptContract } from "./accept.ts";
import { carryContract } from "./carry.ts";
import { copyingContract } from "./copying.ts";
import { directoryContract } from "./directory.ts";
import { emailsContract } from "./emails.ts";
import { fetchingContract } from "./fetching.ts";
import { flagsContract } from "./flags.ts";
import { hostingContract } from "./hosting.ts";
import { knowingContract } from "./knowing.ts";
import { listsContract } from "./lists.ts";
import { mailboxesContract } from "./mailboxes.ts";
import { modelContract } from "./model.ts";
import { ordersContract } from "./orders.ts";
import { quarantineContract } from "./quarantine.ts";
import { queueContract } from "./queue.ts";
import { searchContract } from "./searching.ts";
import { securityContract } from "./security.ts";
import { sendingContract } from "./sending.ts";
import { sharingContract } from "./sharing.ts";
import { sieveContract } from "./sieve.ts";
import { stsContract } from "./sts.ts";
import { talliesContract } from "./tallies.ts";
import { threadsContract } from "./threads.ts";
import { ticketsContract } from "./tickets.ts";
import { togetherContract } from "./together.ts";
import { upkeepContract } from "./upkeep.ts";
import { wordsContract } from "./words.ts";
import type { Open } from "./world.ts";

/**
 * Declares the whole suite for the store that `open` gives: a new, empty one each time. `stories` is how many long stories
 * at random are told: the operations are the same on every database, only its own way of running them differs.
 */
export function storeContract(name: string, open: Open, stories: number): void {
  describe(name, () => {
    for (const part of [
      directoryContract,
      acceptContract,
      mailboxesContract,
      flagsContract,
      copyingContract,
      threadsContract,
      emailsContract,
      ordersContract,
      fetchingContract,
      searchContract,
      queueContract,
      sharingContract,
      sieveContract,
      sendingContract,
      ticketsContract,
      securityContract,
      carryContract,
      knowingContract,
      quarantineContract,
      hostingContract,
      listsContract,
      talliesContract,
      upkeepContract,
      stsContract,
      togetherContract,
      modelContract,
      wordsContract,
    ])
      part(open, stories);
  });
}
