/** The `angarium` command. Compiled code is cached first thing: 200 files start in a fraction of a second. */
import { enableCompileCache } from "node:module";

enableCompileCache();
// Mail and keys are for the user alone who runs it, in whatever folder they lie.
process.umask(0o077);
const { commandLine } = await import("./server/commands/commands.ts");
const code = await commandLine(process.argv.slice(2));
// Ends also where a failed start has left something open; what was printed is written first.
process.stdout.write("", () => process.stderr.write("", () => process.exit(code)));
