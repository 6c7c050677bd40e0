/** All administrative commands. */
import { abuseCommands } from "./abuse-commands.ts";
import { accessCommands } from "./access-commands.ts";
import { accountCommands } from "./account-commands.ts";
import { addressCommands } from "./address-commands.ts";
import { fromJson, usage } from "./arguments.ts";
import { attachmentCommands } from "./attachment-commands.ts";
import { carryCommands } from "./carry-commands.ts";
import { type Command, no, type Outcome, type Progress, type World } from "./command.ts";
import { deletionCommands } from "./deletion-commands.ts";
import { dkimCommands } from "./dkim-commands.ts";
import { dnsCommands } from "./dns-commands.ts";
import { domainCommands } from "./domain-commands.ts";
import { doorCommands } from "./door-commands.ts";
import { feedCommands } from "./feed-commands.ts";
import { filterCommands } from "./filter-commands.ts";
import { floodCommands } from "./flood-commands.ts";
import { groupCommands } from "./group-commands.ts";
import { limitCommands } from "./limit-commands.ts";
import { listCommands } from "./list-commands.ts";
import { listRequestCommands } from "./list-request-commands.ts";
import { noteCommand } from "./noted.ts";
import { outgoingCommands } from "./outgoing-commands.ts";
import { quarantineCommands } from "./quarantine-commands.ts";
import { queueCommands } from "./queue-commands.ts";
import { render } from "./render.ts";
import { reportCommands } from "./report-commands.ts";
import { requirementCommands } from "./requirement-commands.ts";
import { searchCommands } from "./search-commands.ts";
import { securityCommands } from "./security-commands.ts";
import { seedCommands } from "./seed-commands.ts";
import { sendingCommands } from "./sending-commands.ts";
import { serverCommands } from "./server-commands.ts";
import { settingCommands } from "./setting-commands.ts";
import { shareCommands } from "./share-commands.ts";
import { sieveCommands } from "./sieve-commands.ts";
import { suppressionCommands } from "./suppression-commands.ts";
import { templateCommands } from "./template-commands.ts";
import { tenantCommands } from "./tenant-commands.ts";
import { warmupCommands } from "./warmup-commands.ts";
import { webhookCommands } from "./webhook-commands.ts";

export const commands: readonly Command[] = [
  ...domainCommands,
  ...dnsCommands,
  ...dkimCommands,
  ...accountCommands,
  ...securityCommands,
  ...addressCommands,
  ...groupCommands,
  ...shareCommands,
  ...listCommands,
  ...listRequestCommands,
  ...accessCommands,
  ...tenantCommands,
  ...deletionCommands,
  ...carryCommands,
  ...filterCommands,
  ...limitCommands,
  ...queueCommands,
  ...quarantineCommands,
  ...doorCommands,
  ...attachmentCommands,
  ...reportCommands,
  ...sendingCommands,
  ...warmupCommands,
  ...suppressionCommands,
  ...abuseCommands,
  ...floodCommands,
  ...requirementCommands,
  ...feedCommands,
  ...seedCommands,
  ...templateCommands,
  ...webhookCommands,
  ...sieveCommands,
  ...searchCommands,
  ...outgoingCommands,
  ...settingCommands,
  ...serverCommands,
];

const byName = new Map(commands.map((one) => [one.name, one]));

/** The command that the first words name (the longest name wins), and the words after it. */
export function commandOf(
  words: readonly string[],
): { readonly command: Command; readonly rest: readonly string[] } | undefined {
  for (let count = Math.min(3, words.length); count > 0; count--) {
    const found = byName.get(words.slice(0, count).join(" "));
    if (found !== undefined) return { command: found, rest: words.slice(count) };
  }
  return undefined;
}

/** Runs a command with arguments as JSON has them. Rejects only for breakage. */
export async function perform(name: string, args: unknown, world: World, progress: Progress): Promise<Outcome> {
  const found = byName.get(name);
  if (found === undefined) return no(`There is no command "${name}". See them all: angarium help`);
  const read = fromJson(found, args);
  return read.kind === "refused" ? read : found.run(read.given, world, progress);
}

/** The same by hand, with a note in the audit log. */
export async function performByHand(name: string, args: unknown, world: World, progress: Progress): Promise<Outcome> {
  const outcome = await perform(name, args, world, progress);
  const found = byName.get(name);
  if (found !== undefined) await noteCommand(found, args as { readonly [name: string]: unknown }, outcome, world);
  return outcome;
}

/** The result of a command for people, without a last line end. */
export function textOf(name: string, result: unknown): string {
  return byName.get(name)?.text?.(result as never) ?? render(result);
}

/** One line for each command, or for those whose name begins with these words; "" where there is none. */
export function helpText(words: readonly string[] = []): string {
  const listed = commands.filter(({ name }) => words.every((word, index) => name.split(" ")[index] === word));
  const width = Math.max(...listed.map((one) => one.name.length));
  return listed.map((one) => `  ${one.name.padEnd(width)}  ${one.help}`).join("\n");
}

/** All about one command. */
export function commandHelp(found: Command): string {
  const shown = Object.entries(found.args).map(([name, { help, placed, choices }]) => {
    const label = name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
    const isSaid = choices === undefined || choices.every((choice) => help.includes(choice));
    const meaning = isSaid ? help : `${help} (${choices.join(", ")})`;
    return [placed ? label.toUpperCase() : `--${label}`, meaning] as const;
  });
  const width = Math.max(...shown.map(([label]) => label.length));
  const lines = shown.map(([label, meaning]) => `  ${label.padEnd(width)}  ${meaning}`);
  return [found.help, "", usage(found), ...(lines.length > 0 ? ["", ...lines] : [])].join("\n");
}
