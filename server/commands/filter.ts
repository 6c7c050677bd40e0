/** `angarium filter train` and `angarium filter score`: the filter by itself, on mail in files, without a server. */

import { readFileSync, writeFileSync } from "node:fs";
import { safeJson } from "../../protocol/terminal.ts";
import { UsageError } from "../base/usage.ts";
import { mailFiles, mailId, readEnvelopes, readMail } from "../judge/content/files.ts";
import { judgeMessage, readMessage, reasonsFor, spamFrom } from "../judge/content/filter.ts";
import { type Example, emptyModel, learn, type ModelState } from "../judge/content/model.ts";
import { readModel, shippedModel, writeModel } from "../judge/content/model-file.ts";

export const filterUsage = `filter train --model OUT [--from BASE] --ham PATH… --spam PATH… [--envelope FILE.jsonl]
  filter score --model MODEL|shipped|none [--rules on|off] [--envelope FILE.jsonl] PATH…`;

const epochs = 4;
const clockTickMs = 4;

export async function filterCommand(words: readonly string[]): Promise<number> {
  const [verb, ...rest] = words;
  if (verb === "train") return train(options(rest, ["model", "from", "ham", "spam", "envelope"], ["ham", "spam"]));
  if (verb === "score") return score(options(rest, ["model", "rules", "envelope"], []));
  throw new UsageError(`Usage: angarium ${filterUsage}`);
}

type Options = { readonly named: ReadonlyMap<string, readonly string[]>; readonly placed: readonly string[] };

/** Options named in `many` take all words up to the next option. */
function options(words: readonly string[], known: readonly string[], many: readonly string[]): Options {
  const named = new Map<string, string[]>();
  const placed: string[] = [];
  let open: string | undefined;
  for (let i = 0; i < words.length; i++) {
    const word = words[i]!;
    if (!word.startsWith("--")) {
      if (open === undefined) placed.push(word);
      else named.get(open)!.push(word);
      continue;
    }
    const [name = "", given] = word.slice(2).split(/=(.*)/s, 2);
    if (!known.includes(name)) throw new UsageError(`there is no option --${name}. Usage: angarium ${filterUsage}`);
    const values = named.get(name) ?? [];
    named.set(name, values);
    open = many.includes(name) ? name : undefined;
    if (given !== undefined) values.push(given);
    else if (open === undefined) {
      const value = words[++i];
      if (value === undefined) throw new UsageError(`--${name} wants a value`);
      values.push(value);
    }
  }
  return { named, placed };
}

const one = ({ named }: Options, name: string): string | undefined => named.get(name)?.at(-1);

function train(given: Options): number {
  const out = one(given, "model");
  if (out === undefined) throw new UsageError(`--model is missing. Usage: angarium ${filterUsage}`);
  const lists = { ham: [...(given.named.get("ham") ?? [])], spam: [...(given.named.get("spam") ?? [])] };
  if (!given.named.has("ham") && !given.named.has("spam"))
    throw new UsageError("give --ham PATH…, --spam PATH…, or both");
  for (const kind of ["ham", "spam"] as const) {
    // No path, or "-": a list of paths, one per line, on standard input.
    if (!given.named.has(kind) || (lists[kind].length > 0 && !lists[kind].includes("-"))) continue;
    lists[kind] = [...lists[kind].filter((path) => path !== "-"), ...linesOfInput()];
  }
  const envelopes = envelopesOf(given);
  const from = one(given, "from");
  const model = from === undefined ? emptyModel() : modelFrom(from, false);
  const examples: Example[] = [];
  for (const kind of ["ham", "spam"] as const)
    for (const path of mailFiles(lists[kind])) {
      const { features, rules } = readMessage(readMail(path), { envelope: envelopes.get(mailId(path)) });
      examples.push({ features, rules, spam: kind === "spam" });
    }
  if (examples.length === 0) throw new UsageError("there is no mail to learn from in these paths");
  learn(model, examples, epochs);
  writeFileSync(out, writeModel(model));
  process.stderr.write(`learned ${model.ham} good and ${model.spam} spam mails\n`);
  return 0;
}

function score(given: Options): number {
  const name = one(given, "model");
  if (name === undefined)
    throw new UsageError(
      `--model is missing ("none" for the rules alone, "shipped" for the one that comes along). Usage: angarium ${filterUsage}`,
    );
  const rules = one(given, "rules") ?? "on";
  if (rules !== "on" && rules !== "off") throw new UsageError('--rules is "on" or "off"');
  const model = name === "none" ? undefined : modelFrom(name === "shipped" ? shippedModel : name, true);
  const envelopes = envelopesOf(given);
  if (given.placed.length === 0) throw new UsageError(`name a folder of mails. Usage: angarium ${filterUsage}`);
  const files = mailFiles(given.placed);
  warmUp(model);
  let lines = "";
  for (const path of files) {
    const id = mailId(path);
    const raw = readMail(path);
    const started = performance.now();
    const before = process.threadCpuUsage();
    const opinion = judgeMessage(
      readMessage(raw, { envelope: envelopes.get(id), features: model !== undefined }),
      model,
      rules === "on",
    );
    const used = process.threadCpuUsage(before);
    const spam = opinion.probability >= spamFrom;
    lines += safeJson(
      `${JSON.stringify({
        id,
        score: Number(opinion.odds.toFixed(6)),
        verdict: spam ? "spam" : "ham",
        // The processor's clock ticks in steps of some ms; the wall's is finer, but counts what others do.
        ms: Number(Math.min(performance.now() - started, (used.user + used.system) / 1000 + clockTickMs).toFixed(3)),
        reasons: reasonsFor(opinion, spam, 5),
      })}\n`,
    );
    if (lines.length > 65_536) {
      process.stdout.write(lines);
      lines = "";
    }
  }
  process.stdout.write(lines);
  return 0;
}

/** The first message would pay for the compilation of everything. */
function warmUp(model: ModelState | undefined): void {
  const text =
    "<p style='color:red'>Dear friend, <a href='http://www.example.com/a?b=c'>click here</a> now!</p>\n".repeat(40);
  const raw = Buffer.from(
    `Return-Path: <a@example.com>\nReceived: from a.example (a.example [192.0.2.7]) by b.example; Mon, 5 Jan 2026 10:00:00 +0000\nFrom: A B <a@example.com>\nTo: b@example.net\nSubject: Hello\nDate: Mon, 5 Jan 2026 10:00:00 +0000\nMessage-ID: <1@example.com>\nMIME-Version: 1.0\nContent-Type: multipart/alternative; boundary=x\n\n--x\n\nHello you\n\n--x\nContent-Type: text/html; charset=utf-8\n\n${text}\n--x--\n`,
  );
  for (let i = 0; i < 60; i++) judgeMessage(readMessage(raw), model);
}

function modelFrom(path: string, judging: boolean): ModelState {
  let bytes: Buffer;
  try {
    bytes = readFileSync(path);
  } catch (error) {
    throw new Error(`The model ${path} cannot be read: ${(error as NodeJS.ErrnoException).code ?? String(error)}`);
  }
  const model = readModel(bytes, judging);
  if (typeof model === "string") throw new Error(`${path}: ${model}`);
  return model;
}

function envelopesOf(given: Options): ReturnType<typeof readEnvelopes> {
  const path = one(given, "envelope");
  return path === undefined ? new Map() : readEnvelopes(readFileSync(path, "utf8"));
}

let input: string[] | undefined;
function linesOfInput(): readonly string[] {
  input ??= readFileSync(0, "utf8")
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "");
  return input;
}
