/**
 * `npm run clients`: mail programs that people use do their work against `angarium dev`. Needs Debian's packages
 * thunderbird, mutt, isync, offlineimap3, interimap, fetchmail, getmail6, mpop, msmtp, swaks (with libnet-ssleay-perl), s-nail,
 * sieve-connect, curl; no network.
 * Ends with 0 when all of it holds.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startDev } from "../dev-process.ts";
import { terminalClients } from "./terminal.ts";
import { thunderbirdJourney } from "./thunderbird-journey.ts";

const folder = await mkdtemp(join(tmpdir(), "angarium-clients-"));
const dev = await startDev(["--users", "4"]);
try {
  for (const [name, client] of terminalClients) console.log(`${name}: ${await client(join(folder, name), dev.ready)}`);
  console.log(await thunderbirdJourney(folder, dev.ready));
} finally {
  await dev.stop();
  await rm(folder, { recursive: true, force: true });
}
