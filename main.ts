/** The `angarium` command. Compiled code is cached first thing: 200 files start in a fraction of a second. */
import { enableCompileCache } from "node:module";

enableCompileCache();
const { commandLine } = await import("./server/commands.ts");
const code = await commandLine(process.argv.slice(2));
if (code !== undefined) process.exitCode = code;
