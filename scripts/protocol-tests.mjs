// All tests of `protocol` in one process: they are pure, and starting a process for each file took longer than they do.
import { globSync } from "node:fs";
import { join } from "node:path";

const root = join(import.meta.dirname, "..");
for (const file of globSync("protocol/**/*.test.ts", { cwd: root }).sort()) await import(join(root, file));
