/** RFC 5228 §5: true, false, not, allof, anyof, size; RFC 5463 ihave. */

import { capabilities } from "../capabilities.ts";
import type { Strings } from "../compiler.ts";
import { always, type Compiler, never, type TestRule } from "../compiler.ts";
import { ScriptError } from "../mistake.ts";
import type { Test } from "../parser.ts";
import type { Probe } from "../run.ts";

export const logicTests: { readonly [name: string]: TestRule } = {
  true: {
    compile: (node, c) => {
      c.take(node, {});
      return always;
    },
  },
  false: {
    compile: (node, c) => {
      c.take(node, {});
      return never;
    },
  },
  not: {
    compile: (node, c) => {
      c.take(node, { tests: "one" });
      const probe = c.test(node.tests[0]!);
      if (probe === always) return never;
      if (probe === never) return always;
      return (run) => !probe(run);
    },
  },
  allof: { compile: (node, c) => junction(node, c, never, always) },
  anyof: { compile: (node, c) => junction(node, c, always, never) },
  size: {
    compile: (node, c) => {
      const args = c.take(node, {
        tags: { over: { group: "size" }, under: { group: "size" } },
        positional: ["number"],
      });
      const limit = args.positional[0];
      if (limit?.kind !== "number") throw new ScriptError(node.at, "a number was expected");
      if (args.tags.has("over")) return (run) => run.message.sizeBytes > limit.value;
      if (args.tags.has("under")) return (run) => run.message.sizeBytes < limit.value;
      throw new ScriptError(node.at, ":over or :under was expected after size");
    },
  },
  ihave: {
    needs: "ihave",
    compile: (node, c) => {
      const args = c.take(node, { positional: ["strings"] });
      const names = (args.positional[0] as Strings).values.map((name) => name.toLowerCase());
      if (!names.every((name) => capabilities.includes(name))) return never;
      for (const name of names) c.require(name);
      return always;
    },
  },
};

/** `decides`: the child that decides the whole; `passes`: the one that says nothing. What stands behind a decision is not looked at. */
function junction(node: Test, c: Compiler, decides: Probe, passes: Probe): Probe {
  c.take(node, { tests: "list" });
  const probes: Probe[] = [];
  for (const test of node.tests) {
    const probe = c.test(test);
    if (probe === decides) {
      if (probes.length === 0) return decides;
      probes.push(probe);
      break;
    }
    if (probe !== passes) probes.push(probe);
  }
  if (probes.length === 0) return passes;
  const whole = decides === always;
  return (run) => {
    for (const probe of probes) if (probe(run) === whole) return whole;
    return !whole;
  };
}
