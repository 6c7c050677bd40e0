// Runs the test files named, in an order of its own (`node --test` sorts them by name), twice as many at once as there are cores: a journey waits
// for half of its time.
import { availableParallelism } from "node:os";
import { run } from "node:test";
import { spec } from "node:test/reporters";
import { buildProgram } from "./build-program.mjs";
import { testMs } from "./test-bounds.mjs";
import { together } from "./together.mjs";

/** A few files are run as they are, and so is the program that they start. */
const minFiles = 12;

const named = process.argv.slice(2);
const few = named.length < minFiles;
const files = few ? named.map((file) => ({ name: file, file })) : together(named);
files.sort((a, b) => rank(a.name) - rank(b.name) || (a.name < b.name ? -1 : 1));
if (!few && named.some((file) => file.startsWith("test/"))) process.env.ANGARIUM_PROGRAM = await buildProgram();

const tests = run({
  files: files.map(({ file }) => file),
  concurrency: 2 * Math.max(2, availableParallelism()),
  timeout: testMs,
  execArgv: ["--import", new URL("end-of-file.mjs", import.meta.url).href],
});
tests.on("test:fail", () => {
  process.exitCode = 1;
});
tests.compose(spec).pipe(process.stdout);

/** The longest first, so that at the end no core waits for one of them. */
function rank(name) {
  const longest = [
    "test/pages/",
    "test/contract/",
    "test/attachments/",
    "protocol/",
    "test/",
    "server/simulate/",
    "server/store/",
  ];
  const at = longest.findIndex((folder) => name.startsWith(folder));
  return at < 0 ? longest.length : at;
}
