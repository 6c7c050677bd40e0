/** vacation (RFC 5230, RFC 6131), notify (RFC 5435, RFC 5436). */
import { parseMailbox } from "../../smtp/address.ts";
import type { CommandRule, Strings } from "../compiler.ts";
import { parseMailto } from "../mailto.ts";
import { RunError, ScriptError } from "../mistake.ts";
import { next } from "../run.ts";
import { fccOf, fccTags, refuseAfterReject } from "./actions.ts";

const daySeconds = 86_400;
const defaultVacationDays = 7;
const maxVacationDays = 30;
/** Below this an answer per message could become a flood (RFC 6131 §2 lets 0 mean every message). */
const minVacationSeconds = 0;

export const answerCommands: { readonly [name: string]: CommandRule } = {
  vacation: {
    needs: "vacation",
    compile: (node, c) => {
      const args = c.take(node, {
        tags: {
          days: { value: "number", group: "period" },
          seconds: { value: "number", group: "period", needs: "vacation-seconds" },
          subject: { value: "string" },
          from: { value: "string" },
          addresses: { value: "strings" },
          mime: {},
          handle: { value: "string" },
          ...fccTags,
        },
        positional: ["string"],
      });
      const days = args.tags.get("days");
      const given = args.tags.get("seconds");
      const from = args.tags.get("from");
      const knownFrom = from === undefined ? undefined : c.constant(from);
      if (knownFrom !== undefined && !isFrom(knownFrom))
        throw new ScriptError(from!.at, `"${knownFrom}" is no mail address`);
      const seconds =
        given?.kind === "number"
          ? Math.max(given.value, minVacationSeconds)
          : (days?.kind === "number" ? Math.max(1, days.value) : defaultVacationDays) * daySeconds;
      if (seconds > maxVacationDays * daySeconds)
        c.warn(node.at, `answers are repeated after ${maxVacationDays} days at most`);
      const subject = c.optionalText(args.tags.get("subject"));
      const fromText = c.optionalText(from);
      const addresses = args.tags.has("addresses") ? c.texts(args.tags.get("addresses")) : () => [];
      const handle = c.optionalText(args.tags.get("handle"));
      const reason = c.text(args.positional[0]);
      const mime = args.tags.has("mime");
      const fcc = fccOf(c, args);
      return (run) => {
        refuseAfterReject(run, "vacation", node.at);
        if (run.actions.some(({ kind }) => kind === "vacation"))
          throw new RunError("a script may ask for one vacation answer", node.at);
        const text = reason(run);
        const title = subject?.(run);
        const sender = fromText?.(run);
        run.act({
          kind: "vacation",
          seconds: Math.min(seconds, maxVacationDays * daySeconds),
          subject: title,
          from: sender,
          addresses: addresses(run),
          reason: text,
          mime,
          // RFC 5230 §4.2: without one, what the answer says makes it the same.
          handle: handle?.(run) ?? JSON.stringify([title, sender, mime, text]),
          fcc: fcc?.(run),
        });
        return next;
      };
    },
  },
  notify: {
    needs: "enotify",
    compile: (node, c) => {
      const args = c.take(node, {
        tags: {
          from: { value: "string" },
          importance: { value: "string" },
          options: { value: "strings" },
          message: { value: "string" },
          ...fccTags,
        },
        positional: ["string"],
      });
      const method = c.text(args.positional[0]);
      const known = c.constant(args.positional[0]);
      if (known !== undefined && parseMailto(known) === undefined)
        throw new ScriptError((args.positional[0] as Strings).at, `"${known}" is no mailto: address to notify`);
      const importance = c.optionalText(args.tags.get("importance"));
      const level = args.tags.has("importance") ? c.constant(args.tags.get("importance")) : undefined;
      if (level !== undefined && !/^[123]$/.test(level))
        throw new ScriptError(args.tags.get("importance")!.at, '"1", "2" or "3" was expected after :importance');
      const from = c.optionalText(args.tags.get("from"));
      const message = c.optionalText(args.tags.get("message"));
      const fcc = fccOf(c, args);
      return (run) => {
        const uri = parseMailto(method(run));
        if (uri === undefined)
          throw new RunError(`"${method(run).slice(0, 200)}" is no mailto: address to notify`, node.at);
        if (run.actions.filter(({ kind }) => kind === "notify").length >= run.bounds.notifications)
          throw new RunError(`a script may notify ${run.bounds.notifications} times`, node.at);
        const weight = importance?.(run) ?? "2";
        const sender = from?.(run);
        run.act({
          kind: "notify",
          ...uri,
          message: message?.(run),
          // RFC 5436 §2.3: one that is none is passed over.
          from: sender !== undefined && isFrom(sender) ? sender : undefined,
          importance: weight === "1" || weight === "3" ? weight : "2",
          fcc: fcc?.(run),
        });
        return next;
      };
    },
  },
};

function isFrom(text: string): boolean {
  const inner = /^[^<>]*<([^<>]+)>\s*$/.exec(text)?.[1] ?? text.trim();
  return parseMailbox(inner) !== undefined;
}
