/** keep, fileinto, redirect, discard, reject, ereject: RFC 5228 §4, RFC 3894, RFC 5429, RFC 5490, RFC 8579, RFC 9042. */
import { formatMailbox, parseMailbox } from "../../smtp/address.ts";
import { type Action, type DsnCondition, dsnConditions, type Fcc, type FileTarget } from "../actions.ts";
import type { Arguments, CommandRule, Compiler, TagSpec } from "../compiler.ts";
import { RunError, ScriptError } from "../mistake.ts";
import { next, type Run, type Step } from "../run.ts";
import { flagList } from "./flags.ts";

const flagTags: { readonly [name: string]: TagSpec } = { flags: { value: "strings", needs: "imap4flags" } };
const dsnTags: { readonly [name: string]: TagSpec } = {
  notify: { value: "string", needs: "redirect-dsn" },
  ret: { value: "string", needs: "redirect-dsn" },
};
const copyTags: { readonly [name: string]: TagSpec } = { copy: { needs: "copy" } };
const targetTags: { readonly [name: string]: TagSpec } = {
  create: { needs: "mailbox" },
  mailboxid: { value: "string", needs: "mailboxid" },
  specialuse: { value: "string", needs: "special-use" },
};
/** RFC 8580. */
export const fccTags: { readonly [name: string]: TagSpec } = {
  fcc: { value: "string", needs: "fcc" },
  ...targetTags,
  ...flagTags,
};

export const actionCommands: { readonly [name: string]: CommandRule } = {
  keep: {
    compile: (node, c) => {
      const flags = flagsOf(c, c.take(node, { tags: flagTags }));
      return (run) => {
        refuseAfterReject(run, "keep", node.at);
        run.implicitKeep = false;
        run.kept = { flags: flags?.(run) ?? run.flags };
        const message = run.message.changedBytes();
        run.actions = run.actions.filter((action) => action.kind !== "keep");
        run.act({ kind: "keep", flags: run.kept.flags, message });
        return next;
      };
    },
  },
  discard: {
    compile: (node, c) => {
      c.take(node, {});
      return (run) => {
        run.implicitKeep = false;
        return next;
      };
    },
  },
  fileinto: {
    needs: "fileinto",
    compile: (node, c) => {
      const args = c.take(node, { tags: { ...copyTags, ...flagTags, ...targetTags }, positional: ["string"] });
      const target = targetOf(c, args, c.text(args.positional[0]));
      const flags = flagsOf(c, args);
      const isCopy = args.tags.has("copy");
      const known = c.constant(args.positional[0]);
      if (known !== undefined && !isMailboxName(known))
        throw new ScriptError(args.positional[0]!.at, `"${known}" is no name of a mailbox`);
      return (run) => {
        refuseAfterReject(run, "fileinto", node.at);
        const where = target(run);
        if (!isMailboxName(where.mailbox)) throw new RunError(`"${where.mailbox}" is no name of a mailbox`, node.at);
        if (!isCopy) run.implicitKeep = false;
        const message = run.message.changedBytes();
        const given = flags?.(run) ?? run.flags;
        // RFC 5228 §2.10.3: the same place twice is once; the flags of the last one count.
        run.actions = run.actions.filter(
          (action) => action.kind !== "fileinto" || action.message !== message || !isSameTarget(action.target, where),
        );
        run.act({ kind: "fileinto", target: where, flags: given, message });
        return next;
      };
    },
  },
  redirect: {
    compile: (node, c) => {
      const args = c.take(node, { tags: { ...copyTags, ...dsnTags }, positional: ["string"] });
      const dsn = dsnOf(c, args);
      const address = c.text(args.positional[0]);
      const isCopy = args.tags.has("copy");
      const known = c.constant(args.positional[0]);
      if (known !== undefined && redirectAddress(known) === undefined)
        throw new ScriptError(args.positional[0]!.at, `"${known}" is no mail address to redirect to`);
      return (run) => {
        refuseAfterReject(run, "redirect", node.at);
        const to = redirectAddress(address(run));
        if (to === undefined) throw new RunError(`"${address(run)}" is no mail address to redirect to`, node.at);
        if (!isCopy) run.implicitKeep = false;
        if (run.actions.some((action) => action.kind === "redirect" && action.address === to)) return next;
        if (run.actions.filter(({ kind }) => kind === "redirect").length >= run.bounds.redirects)
          throw new RunError(`a script may redirect a message to ${run.bounds.redirects} addresses`, node.at);
        run.act({ kind: "redirect", address: to, message: run.message.redirectedBytes(), ...dsn(run) });
        return next;
      };
    },
  },
  reject: { needs: "reject", compile: (node, c) => rejecting(c, c.take(node, { positional: ["string"] }), false) },
  ereject: { needs: "ereject", compile: (node, c) => rejecting(c, c.take(node, { positional: ["string"] }), true) },
};

type RedirectDsn = Pick<Extract<Action, { readonly kind: "redirect" }>, "notify" | "ret">;

/** RFC 6009 §3: `:notify` and `:ret` as RFC 3461 §4 writes them. */
function dsnOf(c: Compiler, args: Arguments): (run: Run) => RedirectDsn {
  const [notify, ret] = [args.tags.get("notify"), args.tags.get("ret")];
  const read = (given: readonly [string | undefined, string | undefined]): RedirectDsn | string => {
    const conditions = given[0]?.toUpperCase().split(",");
    if (conditions?.some((one) => !(dsnConditions as readonly string[]).includes(one)))
      return `"${given[0]}" is no condition of delivery reports: NEVER, or some of SUCCESS, FAILURE and DELAY, were expected after :notify`;
    if (conditions !== undefined && conditions.length > 1 && conditions.includes("NEVER"))
      return "NEVER stands alone after :notify";
    if (given[1] !== undefined && !/^(?:full|hdrs)$/i.test(given[1]))
      return `"${given[1]}" was found where FULL or HDRS was expected after :ret`;
    return {
      notify: conditions as DsnCondition[] | undefined,
      ret: given[1]?.toLowerCase() as "full" | "hdrs" | undefined,
    };
  };
  const texts = [notify, ret].map((one) => (one === undefined ? undefined : c.text(one)));
  const known = read([notify && c.constant(notify), ret && c.constant(ret)]);
  if (typeof known === "string") throw new ScriptError((notify ?? ret)!.at, known);
  return (run) => {
    const found = read([texts[0]?.(run), texts[1]?.(run)]);
    if (typeof found === "string") throw new RunError(found, args.at);
    return found;
  };
}

/** RFC 5429 §2.3: nothing that delivers, and no second one. */
function rejecting(c: Compiler, args: Arguments, extended: boolean): Step {
  const reason = c.text(args.positional[0]);
  return (run) => {
    const other = run.actions.find(({ kind }) => kind !== "notify");
    if (other !== undefined)
      throw new RunError(
        other.kind === "reject" ? "a message is rejected once" : `a message cannot be rejected after ${other.kind}`,
        args.at,
      );
    run.implicitKeep = false;
    run.act({ kind: "reject", reason: reason(run), extended });
    return next;
  };
}

export function refuseAfterReject(run: Run, what: string, at: number): void {
  if (run.actions.some(({ kind }) => kind === "reject"))
    throw new RunError(`a rejected message cannot be given to ${what}`, at);
}

function flagsOf(c: Compiler, args: Arguments): ((run: Run) => readonly string[]) | undefined {
  const argument = args.tags.get("flags");
  if (argument === undefined) return undefined;
  const texts = c.texts(argument);
  return (run) => flagList(texts(run));
}

function targetOf(c: Compiler, args: Arguments, mailbox: (run: Run) => string): (run: Run) => FileTarget {
  const create = args.tags.has("create");
  const id = c.optionalText(args.tags.get("mailboxid"));
  const use = c.optionalText(args.tags.get("specialuse"));
  // RFC 9042 §4.1.
  if (id !== undefined && use !== undefined)
    throw new ScriptError(args.tags.get("mailboxid")!.at, ":mailboxid and :specialuse exclude each other");
  return (run) => ({ mailbox: mailbox(run), create, mailboxId: id?.(run), specialUse: use?.(run) });
}

/** RFC 8580 §3: where a copy of what is sent goes. */
export function fccOf(c: Compiler, args: Arguments): ((run: Run) => Fcc) | undefined {
  const argument = args.tags.get("fcc");
  if (argument === undefined) {
    const alone = Object.keys(targetTags).find((tag) => args.tags.has(tag));
    if (alone !== undefined) throw new ScriptError(args.tags.get(alone)!.at, `:${alone} stands with :fcc only`);
    return undefined;
  }
  const target = targetOf(c, args, c.text(argument));
  const flags = flagsOf(c, args);
  return (run) => ({ ...target(run), flags: flags?.(run) ?? [] });
}

/** What can be a path at all; whether there is such a mailbox is another matter. */
function isMailboxName(name: string): boolean {
  return name.trim() !== "" && name.length <= 1000 && !/[\x00-\x1f\x7f]/.test(name);
}

function isSameTarget(a: FileTarget, b: FileTarget): boolean {
  return a.mailbox === b.mailbox && a.mailboxId === b.mailboxId && a.specialUse === b.specialUse;
}

/** "a@b.test", "<a@b.test>" or "Ann <a@b.test>". */
function redirectAddress(text: string): string | undefined {
  const inner = /^[^<>]*<([^<>]+)>\s*$/.exec(text)?.[1] ?? text.trim();
  const mailbox = parseMailbox(inner);
  return mailbox === undefined ? undefined : formatMailbox(mailbox);
}
