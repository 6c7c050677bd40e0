/** Commands on the scripts of who has logged in: RFC 5804 §2.3 to §2.12. */
import type { Command } from "../../protocol/managesieve/command.ts";
import { formatString, no, ok, type Reply } from "../../protocol/managesieve/response.ts";
import { mistakeText } from "../../protocol/sieve/mistake.ts";
import { compileScript } from "../../protocol/sieve/sieve.ts";
import {
  isScriptName,
  maxScriptBytes,
  maxScripts,
  maxScriptsBytes,
  type ScriptEdit,
  type SieveScript,
} from "../store/sieve-store.ts";
import type { Account, Store } from "../store/store.ts";

export type ScriptStore = Pick<
  Store,
  "sieveScripts" | "putSieveScript" | "updateSieveScript" | "activateSieveScript" | "removeSieveScript"
>;
export type ScriptCommand = Extract<
  Command,
  {
    verb:
      | "HAVESPACE"
      | "PUTSCRIPT"
      | "CHECKSCRIPT"
      | "LISTSCRIPTS"
      | "SETACTIVE"
      | "GETSCRIPT"
      | "DELETESCRIPT"
      | "RENAMESCRIPT";
  }
>;

/** `lines`: what comes before the reply, a byte string. */
export type Answer = { readonly lines: string; readonly reply: Reply };
const answer = (reply: Reply): Answer => ({ lines: "", reply });

const noScript = no("There is no script of that name", "NONEXISTENT");
const badName = no("That is no name for a script: it is empty, too long, or has control characters");
const tooLarge = no(`A script may have ${maxScriptBytes} octets`, "QUOTA/MAXSIZE");
const tooMuch = no(`All scripts of an account may have ${maxScriptsBytes} octets together: delete one`, "QUOTA");
const tooMany = no(`You may have ${maxScripts} scripts`, "QUOTA/MAXSCRIPTS");

const refusals: { readonly [kind in ScriptEdit["kind"]]?: Reply } = {
  "too-many": tooMany,
  "too-much": tooMuch,
  "too-large": tooLarge,
};

export async function onScripts(
  command: ScriptCommand,
  { id }: Account,
  store: ScriptStore,
  now: number,
): Promise<Answer> {
  const scripts = async (): Promise<readonly SieveScript[]> => (await store.sieveScripts(id)).scripts;
  const find = async (name: string): Promise<SieveScript | undefined> =>
    (await scripts()).find((script) => script.name === name);
  switch (command.verb) {
    case "LISTSCRIPTS": {
      const lines = (await scripts()).map(({ name, active }) => `${formatString(name)}${active ? " ACTIVE" : ""}\r\n`);
      return { lines: lines.join(""), reply: ok("Scripts listed") };
    }
    case "HAVESPACE": {
      if (!isScriptName(command.name)) return answer(badName);
      if (command.sizeBytes > maxScriptBytes) return answer(tooLarge);
      const all = await scripts();
      const others = all.filter(({ name }) => name !== command.name);
      if (others.length >= maxScripts) return answer(tooMany);
      const bytes = others.reduce((sum, { content }) => sum + Buffer.byteLength(content), command.sizeBytes);
      return answer(bytes > maxScriptsBytes ? tooMuch : ok("There is room"));
    }
    case "CHECKSCRIPT": {
      const wrong = check(command.script, await scripts());
      return answer("reply" in wrong ? wrong.reply : okWith("The script is right", wrong.warnings));
    }
    case "PUTSCRIPT": {
      if (!isScriptName(command.name)) return answer(badName);
      const checked = check(command.script, await scripts());
      if ("reply" in checked) return answer(checked.reply);
      const { kind } = await store.putSieveScript(id, command.name, command.script, now);
      if (kind === "done") return answer(okWith("Script kept", checked.warnings));
      return answer(refusals[kind] ?? badName);
    }
    case "GETSCRIPT": {
      const found = await find(command.name);
      if (found === undefined) return answer(noScript);
      const bytes = Buffer.from(found.content);
      return { lines: `{${bytes.length}}\r\n${bytes.toString("latin1")}\r\n`, reply: ok("That is it") };
    }
    case "SETACTIVE": {
      if (command.name === "") {
        await store.activateSieveScript(id, undefined);
        return answer(ok("No script is active"));
      }
      const found = await find(command.name);
      if (found === undefined) return answer(noScript);
      const done = await store.activateSieveScript(id, found.id);
      return answer(done === "done" ? ok("Script is active") : noScript);
    }
    case "DELETESCRIPT": {
      const found = await find(command.name);
      const done = found === undefined ? "missing" : await store.removeSieveScript(id, found.id);
      if (done === "done") return answer(ok("Script deleted"));
      return answer(done === "active" ? no("The active script cannot be deleted", "ACTIVE") : noScript);
    }
    case "RENAMESCRIPT": {
      if (!isScriptName(command.to)) return answer(badName);
      const found = await find(command.name);
      if (found === undefined) return answer(noScript);
      const { kind } = await store.updateSieveScript(id, found.id, { name: command.to }, now);
      if (kind === "done") return answer(ok("Script renamed"));
      return answer(kind === "exists" ? no("There is a script of that name", "ALREADYEXISTS") : noScript);
    }
    default:
      return command satisfies never;
  }
}

function okWith(text: string, warnings: string): Reply {
  return warnings === "" ? ok(text) : ok(warnings, "WARNINGS");
}

function check(script: string, all: readonly SieveScript[]): { readonly reply: Reply } | { readonly warnings: string } {
  if (Buffer.byteLength(script) > maxScriptBytes) return { reply: tooLarge };
  const compiled = compileScript(script, (location, name) =>
    location === "global" ? "" : all.find((one) => one.name === name)?.content,
  );
  if (compiled.kind === "mistakes") return { reply: no(compiled.mistakes.map(mistakeText).join("\r\n")) };
  return { warnings: compiled.warnings.map(mistakeText).join("\r\n") };
}
