/** Sieve scripts of accounts, domains and the server. */
import type { Action, Surroundings } from "../../protocol/sieve/actions.ts";
import { capabilities } from "../../protocol/sieve/capabilities.ts";
import { SieveMessage } from "../../protocol/sieve/message.ts";
import { mistakeText } from "../../protocol/sieve/mistake.ts";
import { compileScript, runScripts } from "../../protocol/sieve/sieve.ts";
import { maxScriptBytes, maxScriptsBytes, type SharedScript } from "../store/sieve-store.ts";
import type { Account, Store } from "../store/store.ts";
import { type Arguments, type Command, command, done, type Given, no, type Outcome, time } from "./command.ts";
import { badDomain, findAccount, findDomain, noAccount, noDomain, readDomain } from "./names.ts";

const owner = {
  account: { type: "text", help: "of this account" },
  domain: { type: "text", help: "of this domain: runs for all its people" },
  server: { type: "flag", help: "of the server: runs for everybody" },
} as const satisfies Arguments;
const name = { type: "text", placed: true, required: true, help: "the name of the script" } as const;
const script = {
  type: "file",
  placed: true,
  required: true,
  help: "a file with the script; - reads it from standard input",
} as const;

type Owner =
  | { readonly kind: "account"; readonly account: Account }
  | { readonly kind: "shared"; readonly owner: string };

/** Whose scripts are meant, or a sentence about why that is not clear. */
async function ownerOf(given: Given<typeof owner>, store: Store): Promise<Owner | Outcome> {
  const { account, domain, server } = given;
  const named = [account, domain, server === true ? "" : undefined].filter((one) => one !== undefined);
  if (named.length !== 1) return no("Say whose scripts are meant: --account NAME, --domain DOMAIN or --server.");
  if (account !== undefined) {
    const found = await findAccount(store, account);
    return found === undefined ? noAccount(account) : { kind: "account", account: found };
  }
  if (domain === undefined) return { kind: "shared", owner: "" };
  const read = readDomain(domain);
  if (read === undefined) return badDomain(domain);
  return (await findDomain(store, read)) === undefined ? noDomain(read) : { kind: "shared", owner: read };
}

const noScript = (text: string): Outcome => no(`There is no script "${text}". See them all: angarium sieve list`);

async function shared(store: Store, of: string): Promise<readonly SharedScript[]> {
  return (await store.sharedScripts()).filter((one) => one.owner === of);
}

/** The mistakes as one sentence each, or undefined. */
function mistakesOf(text: string): string | undefined {
  const compiled = compileScript(text);
  return compiled.kind === "script" ? undefined : compiled.mistakes.map(mistakeText).join("\n");
}

export const sieveCommands: readonly Command[] = [
  command("sieve list", "Scripts of an account, a domain or the server.", owner, async (given, { store }) => {
    const whose = await ownerOf(given, store);
    if (whose.kind === "done" || whose.kind === "refused") return whose;
    if (whose.kind === "shared")
      return done(
        (await shared(store, whose.owner)).map(({ name, runs, content, changedAt }) => ({
          name,
          runs,
          bytes: Buffer.byteLength(content),
          changed: time(changedAt),
        })),
      );
    const { scripts } = await store.sieveScripts(whose.account.id);
    return done(
      scripts.map(({ name, active, content, changedAt }) => ({
        name,
        active,
        bytes: Buffer.byteLength(content),
        changed: time(changedAt),
      })),
    );
  }),
  command(
    "sieve put",
    "Keep a script, new or in place of the one of that name; one of an account is made active with sieve activate.",
    {
      name,
      script,
      ...owner,
      runs: {
        type: "text",
        choices: ["before", "after", "never"],
        help: "of a domain or the server: before or after the scripts of people (before by default), or never by itself: only to be included",
      },
    },
    async (given, { store, now }) => {
      const whose = await ownerOf(given, store);
      if (whose.kind === "done" || whose.kind === "refused") return whose;
      const wrong = mistakesOf(given.script);
      if (wrong !== undefined) return no(`The script is not right:\n${wrong}`);
      if (whose.kind === "account") {
        if (given.runs !== undefined) return no("--runs is for scripts of a domain or the server.");
        const { kind } = await store.putSieveScript(whose.account.id, given.name, given.script, now());
        return kind === "done" ? done({ script: given.name }) : refusedPut(kind);
      }
      const runs = (given.runs ?? "before") as SharedScript["runs"];
      const kept = { owner: whose.owner, name: given.name, content: given.script, runs, changedAt: now() };
      const result = await store.putSharedScript(kept);
      return result === "done" ? done({ script: given.name, runs }) : refusedPut(result);
    },
  ),
  command(
    "sieve show",
    "The text of a script.",
    { name, ...owner },
    async (given, { store }) => {
      const whose = await ownerOf(given, store);
      if (whose.kind === "done" || whose.kind === "refused") return whose;
      const all =
        whose.kind === "shared"
          ? await shared(store, whose.owner)
          : (await store.sieveScripts(whose.account.id)).scripts;
      const found = all.find((one) => one.name === given.name);
      return found === undefined ? noScript(given.name) : done({ name: found.name, content: found.content });
    },
    ({ content }: { readonly content: string }) => content,
  ),
  command(
    "sieve activate",
    'Make a script of an account the one that runs; "" for none.',
    { name, account: owner.account },
    async (given, { store }) => {
      const whose = await ownerOf({ ...given, domain: undefined, server: undefined }, store);
      if (whose.kind !== "account")
        return whose.kind === "shared" ? no("Only scripts of accounts are activated.") : whose;
      const { scripts } = await store.sieveScripts(whose.account.id);
      const found = scripts.find((one) => one.name === given.name);
      if (found === undefined && given.name !== "") return noScript(given.name);
      await store.activateSieveScript(whose.account.id, found?.id);
      return done({ active: found?.name });
    },
  ),
  command(
    "sieve delete",
    "Delete a script; the active one first has to be none.",
    { name, ...owner },
    async (given, { store }) => {
      const whose = await ownerOf(given, store);
      if (whose.kind === "done" || whose.kind === "refused") return whose;
      if (whose.kind === "shared") {
        const result = await store.removeSharedScript(whose.owner, given.name);
        return result === "done" ? done({ deleted: given.name }) : noScript(given.name);
      }
      const { scripts } = await store.sieveScripts(whose.account.id);
      const found = scripts.find((one) => one.name === given.name);
      const result = found === undefined ? "missing" : await store.removeSieveScript(whose.account.id, found.id);
      if (result === "active")
        return no(`"${given.name}" is active. First: angarium sieve activate "" --account ${whose.account.name}`);
      return result === "done" ? done({ deleted: given.name }) : noScript(given.name);
    },
  ),
  command(
    "sieve check",
    "Whether a script is right; every mistake with its line and column.",
    { script },
    async (given) => {
      const wrong = mistakesOf(given.script);
      return wrong === undefined ? done({ script: "right" }) : no(`The script is not right:\n${wrong}`);
    },
  ),
  command(
    "sieve test",
    "What a script would do with a message; nothing is done.",
    {
      script,
      message: { type: "file", placed: true, required: true, help: "a file with the message" },
      from: { type: "text", help: "the envelope sender" },
      to: { type: "text", help: "the envelope recipient" },
    },
    async (given, { hostname, now }) => {
      const compiled = compileScript(given.script);
      if (compiled.kind === "mistakes")
        return no(`The script is not right:\n${compiled.mistakes.map(mistakeText).join("\n")}`);
      const message = new SieveMessage(Buffer.from(given.message.replace(/\r?\n/g, "\r\n")));
      const world = anywhere(given.from ?? "", given.to ?? "", hostname, now());
      const outcome = runScripts([{ name: "script", script: compiled }], message, world);
      return done({
        actions: [...outcome.actions.map(inWords), ...(outcome.keeps ? [keptInWords(outcome.keepFlags)] : [])],
        failed: outcome.failures.map(({ mistake }) => mistakeText(mistake)),
      });
    },
  ),
  command("sieve extensions", "What scripts may require.", {}, async () => done({ extensions: capabilities })),
];

function refusedPut(kind: string): Outcome {
  switch (kind) {
    case "too-many":
      return no("There are as many scripts as there may be. Delete one first.");
    case "too-much":
      return no(`All scripts of an account may have ${maxScriptsBytes} octets together. Delete one first.`);
    case "too-large":
      return no(`The script is too large: it may have ${maxScriptBytes} octets.`);
    default:
      return no("That is no name for a script: it is empty, too long, or has control characters.");
  }
}

/** A world without mailboxes, for a dry run: every mailbox is there. */
function anywhere(from: string, to: string, host: string, now: number): Surroundings {
  return {
    envelopeFrom: from,
    envelopeTo: to,
    envelopeDsn: {},
    separator: "+",
    environment: { host, domain: to.slice(to.lastIndexOf("@") + 1), location: "MS", phase: "during", name: "Angarium" },
    now,
    zoneMinutes: (at) => -new Date(at).getTimezoneOffset(),
    spamPercent: undefined,
    virus: undefined,
    flags: [],
    mailboxExists: () => true,
    mailboxIdExists: () => false,
    specialUseExists: () => true,
    metadata: () => undefined,
    isDuplicate: () => false,
  };
}

function keptInWords(flags: readonly string[] | undefined): string {
  return flags === undefined || flags.length === 0 ? "keep" : `keep with ${flags.join(" ")}`;
}

function inWords(action: Action): string {
  switch (action.kind) {
    case "keep":
      return keptInWords(action.flags);
    case "fileinto":
      return `file into ${action.target.mailbox}`;
    case "redirect":
      return `redirect to ${action.address}`;
    case "reject":
      return `reject: ${action.reason}`;
    case "vacation":
      return `answer: ${action.reason}`;
    case "notify":
      return `notify ${action.to.join(", ")}`;
    default:
      return action satisfies never;
  }
}
