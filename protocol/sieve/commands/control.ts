/** require, stop, error, include, return, global, foreverypart, break. `if` is the compiler's. */
import { Buffer } from "node:buffer";
import type { Part } from "../../mime/parse.ts";
import { partsOf } from "../../mime/searchable.ts";
import type { CommandRule, Compiler, Strings } from "../compiler.ts";
import { mistakeAt, mistakeText, RunError, ScriptError } from "../mistake.ts";
import { parseScript } from "../parser.ts";
import { breakLoop, type Flow, leave, next, type Step, stop } from "../run.ts";

/** RFC 5703 §3: loops within each other. */
const maxLoops = 4;

export const controlCommands: { readonly [name: string]: CommandRule } = {
  // RFC 5228 §3.2: only at the top. Those are taken before; what comes here comes too late.
  require: {
    compile: (node) => {
      throw new ScriptError(node.at, "require stands at the top of a script, before every other command");
    },
  },
  stop: {
    compile: (node, c) => {
      c.take(node, {});
      return () => stop;
    },
  },
  error: {
    needs: "ihave",
    compile: (node, c) => {
      const message = c.text(c.take(node, { positional: ["string"] }).positional[0]);
      return (run) => {
        throw new RunError(`the script gave up: ${message(run).slice(0, 500)}`, node.at);
      };
    },
  },
  include: {
    needs: "include",
    compile: (node, c) => {
      const args = c.take(node, {
        tags: { personal: { group: "place" }, global: { group: "place" }, once: {}, optional: {} },
        positional: ["string"],
      });
      const name = c.fixed(args.positional[0], "the name of an included script");
      if (name === "" || /[/\x00-\x1f\x7f]/.test(name))
        throw new ScriptError(node.at, `"${name}" is no name of a script`);
      return includeStep(c, node.at, args.tags.has("global") ? "global" : "personal", name, {
        once: args.tags.has("once"),
        optional: args.tags.has("optional"),
      });
    },
  },
  return: {
    needs: "include",
    compile: (node, c) => {
      c.take(node, {});
      return () => leave;
    },
  },
  global: {
    needs: "include",
    compile: (node, c) => {
      c.need("variables", node.at, "global");
      const args = c.take(node, { positional: ["strings"] });
      const { values, ats } = args.positional[0] as Strings;
      for (const [index, name] of values.entries()) c.declareGlobal(name, ats[index]!);
      return () => next;
    },
  },
  foreverypart: {
    needs: "foreverypart",
    compile: (node, c) => {
      const args = c.take(node, { tags: { name: { value: "string" } }, block: true });
      const name = args.tags.has("name") ? c.fixed(args.tags.get("name"), "the name of a loop") : undefined;
      if (c.loops.length >= maxLoops) throw new ScriptError(node.at, `loops are nested more than ${maxLoops} deep`);
      c.loops.push(name);
      const body = c.block(node.block ?? []);
      c.loops.pop();
      return loop(body, name);
    },
  },
  break: {
    needs: "foreverypart",
    compile: (node, c) => {
      const args = c.take(node, { tags: { name: { value: "string" } } });
      const name = args.tags.has("name") ? c.fixed(args.tags.get("name"), "the name of a loop") : undefined;
      if (c.loops.length === 0) throw new ScriptError(node.at, "break stands within a foreverypart only");
      if (name !== undefined && !c.loops.includes(name))
        throw new ScriptError(node.at, `there is no loop called "${name}" around this break`);
      return (run) => {
        run.breakName = name;
        return breakLoop;
      };
    },
  },
};

/** RFC 5703 §3: over all parts within the one in hand, depth first. A part that the body has replaced is gone on from. */
function loop(body: Step, name: string | undefined): Step {
  return (run) => {
    let outer = run.part;
    let root = run.message.root();
    const parts = (): readonly Part[] => {
      const list = [...partsOf(outer ?? root)].slice(outer === undefined ? 0 : 1);
      run.spend(list.length >> 2);
      return list;
    };
    let list = parts();
    let flow: Flow = next;
    for (let i = 0; i < list.length && flow === next; i++) {
      run.spend(1);
      run.part = list[i];
      flow = body(run);
      if (run.message.root() === root) continue;
      root = run.message.root();
      if (outer !== undefined) outer = run.message.partAt(outer.start) ?? root;
      list = parts();
    }
    run.part = outer;
    if (flow === breakLoop && (run.breakName === undefined || run.breakName === name)) {
      run.breakName = undefined;
      return next;
    }
    return flow;
  };
}

function includeStep(
  c: Compiler,
  at: number,
  location: "personal" | "global",
  name: string,
  how: { readonly once: boolean; readonly optional: boolean },
): Step {
  const key = `${location} ${name}`;
  if (c.library !== undefined && !how.optional && c.library(location, name) === undefined)
    c.warn(at, `there is no ${location} script "${name}" yet`);
  return (run) => {
    if (run.including.includes(key) || run.including.length >= run.bounds.includeDepth)
      throw new RunError(`the script "${name}" includes itself, or scripts include each other too deep`, at);
    if (how.once && run.included.has(key)) return next;
    const included = compileIncluded(c, location, name, key);
    if (included === undefined) {
      if (how.optional) return next;
      throw new RunError(`there is no ${location} script "${name}" to include`, at);
    }
    if (typeof included === "string") throw new RunError(included, at);
    if (++run.includes > run.bounds.includes)
      throw new RunError(`a script may include ${run.bounds.includes} others`, at);
    run.included.add(key);
    const outer = run.scope;
    run.scope = { values: [] };
    run.including.push(key);
    try {
      return included(run) === stop ? stop : next;
    } finally {
      run.scope = outer;
      run.including.pop();
    }
  };
}

/**
 * An included script, when it is first needed: it need not be there before that (RFC 6609 §3.2). A text: why it cannot be run; undefined: there is none,
 * or the script is only checked, without a library.
 */
function compileIncluded(
  c: Compiler,
  location: "personal" | "global",
  name: string,
  key: string,
): Step | string | undefined {
  const { family, bounds } = c;
  const known = family.included.get(key);
  if (known !== undefined) return known;
  const source = c.library?.(location, name);
  if (source === undefined) return undefined;
  const compile = (): Step | string => {
    family.includedBytes += Buffer.byteLength(source);
    if (family.includedBytes > bounds.includedBytes)
      return `the scripts that are included may have ${bounds.includedBytes} octets together`;
    const inner = c.forIncluded(source);
    try {
      const step = compileWhole(inner);
      const [first] = inner.mistakes;
      return first === undefined ? step : `in the included script "${name}", ${mistakeText(first)}`;
    } catch (error) {
      if (!(error instanceof ScriptError)) throw error;
      return `in the included script "${name}", ${mistakeText(mistakeAt(source, error.at, error.message))}`;
    }
  };
  const included = compile();
  family.included.set(key, included);
  return included;
}

/** A whole script: its requires, then the rest. Mistakes are the compiler's; throws a `ScriptError` where it is no grammar. */
export function compileWhole(c: Compiler): Step {
  if (Buffer.byteLength(c.source) > c.bounds.scriptBytes)
    throw new ScriptError(0, `a script may have ${c.bounds.scriptBytes} octets`);
  const commands = parseScript(c.source, c.bounds);
  let first = 0;
  for (; commands[first]?.name === "require"; first++) {
    const node = commands[first]!;
    try {
      const { values, ats } = c.take(node, { positional: ["strings"] }).positional[0] as Strings;
      for (const [index, name] of values.entries())
        if (!c.require(name)) c.note(new ScriptError(ats[index]!, `there is no extension "${name}"`));
    } catch (error) {
      c.note(error);
    }
  }
  return c.block(commands.slice(first));
}
