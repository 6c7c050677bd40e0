// The test files named, in this order, one more at once than there are cores, since tests wait too. (`node --test` sorts them by name.)
import { availableParallelism } from "node:os";
import { run } from "node:test";
import { spec } from "node:test/reporters";

const tests = run({ files: process.argv.slice(2), concurrency: Math.max(2, availableParallelism()) + 1 });
tests.on("test:fail", () => {
  process.exitCode = 1;
});
tests.compose(spec).pipe(process.stdout);
