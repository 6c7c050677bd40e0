// The test files named, in this order, two at once or as many as there are cores. (`node --test` sorts them by name.)
import { availableParallelism } from "node:os";
import { run } from "node:test";
import { spec } from "node:test/reporters";

const tests = run({ files: process.argv.slice(2), concurrency: Math.max(2, availableParallelism()) });
tests.on("test:fail", () => {
  process.exitCode = 1;
});
tests.compose(spec).pipe(process.stdout);
