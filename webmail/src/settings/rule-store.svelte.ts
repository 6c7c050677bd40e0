/** The rules on the server: RFC 9661, one script of ours; a script of others that was active is included after it. */
import type { Id } from "../jmap/types.ts";
import { mailboxes } from "../state/mailboxes.svelte.ts";
import { session } from "../state/session.svelte.ts";
import { type Rule, readRules, scriptName, writeRules } from "./rules.ts";

type Script = { readonly id: Id; readonly name: string; readonly isActive: boolean; readonly blobId: Id };

let rules = $state.raw<readonly Rule[]>([]);
let include = $state<string>();
let script: Script | undefined;

export const ruleStore = {
  get rules(): readonly Rule[] {
    return rules;
  },
  /** The script of another program that is run after the rules. */
  get include(): string | undefined {
    return include;
  },
};

export async function loadRules(): Promise<void> {
  const { list } = (await session.client.one("SieveScript/get", { ids: null })) as { list: Script[] };
  script = list.find(({ name }) => name === scriptName);
  const active = list.find(({ isActive }) => isActive);
  const read =
    script === undefined ? { rules: [], include: undefined } : readRules(await session.client.text(script.blobId));
  rules = read.rules;
  include =
    active !== undefined && active.name !== scriptName
      ? active.name
      : list.some(({ name }) => name === read.include)
        ? read.include
        : undefined;
}

export async function saveRules(next: readonly Rule[]): Promise<void> {
  const { client } = session;
  const { blobId } = await client.upload(writeRules(next, include), "application/sieve");
  if (script === undefined)
    await client.set("SieveScript/set", {
      create: { rules: { name: scriptName, blobId } },
      onSuccessActivateScript: "#rules",
    });
  else await client.set("SieveScript/set", { update: { [script.id]: { blobId } }, onSuccessActivateScript: script.id });
  rules = next;
  await loadRules();
}

/** Mailboxes as Sieve names them: paths with /. */
export function mailboxPaths(): readonly {
  readonly id: Id;
  readonly path: string;
  readonly depth: number;
  readonly name: string;
}[] {
  const paths: { id: Id; path: string; depth: number; name: string }[] = [];
  const stack: string[] = [];
  for (const { mailbox, depth } of mailboxes.tree) {
    stack.length = depth;
    stack.push(mailbox.name);
    paths.push({ id: mailbox.id, path: stack.join("/"), depth, name: mailbox.name });
  }
  return paths;
}
