/** Which scripts run for a message, and what they want done with it. Nothing is done yet. */
import { dsnConditions, type EnvelopeDsn, type Outcome, type Surroundings } from "../../../protocol/sieve/actions.ts";
import { SieveMessage } from "../../../protocol/sieve/message.ts";
import { type NamedScript, runScripts } from "../../../protocol/sieve/sieve.ts";
import type { Taken } from "../../judge/judge.ts";
import type { Received } from "../../receive/received.ts";
import type { Account, Notify } from "../../store/store.ts";
import type { BookScript } from "./book.ts";
import type { AccountMailboxes } from "./mailboxes.ts";
import { duplicateKey, type Once } from "./once.ts";
import type { SieveDelivery, SievePorts } from "./ports.ts";

/** Answers of the store that one run may ask for. */
const maxQuestions = 50;
const spamExtensions = ["spamtest", "spamtestplus", "virustest"];

/** The run needs to know whether this is remembered. */
class Unknown {
  readonly key: string;
  constructor(key: string) {
    this.key = key;
  }
}

/** Scripts that can run; those that cannot (an extension is gone) count as not there. */
export async function scriptsOf(
  { book, log }: Pick<SievePorts, "book" | "log">,
  account: Account,
  isJunk: boolean,
): Promise<readonly NamedScript[]> {
  const domain = account.name.slice(account.name.lastIndexOf("@") + 1);
  const all = await book.scriptsFor(account.id, domain);
  const named: NamedScript[] = [];
  for (const { name, origin, compiled } of all) {
    if (compiled.kind === "mistakes") {
      log.error({ script: name, origin, account: account.name, mistakes: compiled.mistakes }, "script cannot be run");
      continue;
    }
    const isTheirs = origin === "account" || origin === "vacation";
    if (isTheirs && isJunk && !spamExtensions.some((one) => compiled.required.has(one))) continue;
    named.push({ name: nameOf({ name, origin }), script: compiled });
  }
  return named;
}

/** Runs, asks the store what the run did not know, and runs again: a run is quick and has no effects. */
export async function outcomeOf(
  delivery: SieveDelivery,
  account: Account,
  scripts: readonly NamedScript[],
  boxes: AccountMailboxes,
  { separator, version, once }: { readonly separator: string; readonly version: string; readonly once: Once },
): Promise<Outcome> {
  const known = new Map<string, boolean>();
  const world: Surroundings = {
    ...surroundingsOf(delivery, account, separator, version),
    ...boxes.tests(),
    isDuplicate: (text) => {
      const key = duplicateKey(text);
      if (once.isPending(account.id, key, delivery.mail.at)) return true;
      const answer = known.get(key);
      if (answer === undefined && known.size < maxQuestions) throw new Unknown(key);
      return answer ?? false;
    },
  };
  for (;;) {
    try {
      return runScripts(scripts, new SieveMessage(delivery.bytes), world);
    } catch (question) {
      if (!(question instanceof Unknown)) throw question;
      known.set(question.key, await once.remembers(account.id, question.key, delivery.mail.at));
    }
  }
}

function surroundingsOf(
  { mail, verdict, recipient, asked, isJunk }: SieveDelivery,
  account: Account,
  separator: string,
  version: string,
): Omit<Surroundings, keyof ReturnType<AccountMailboxes["tests"]> | "isDuplicate"> {
  return {
    envelopeFrom: mail.envelopeFrom,
    envelopeTo: recipient,
    envelopeDsn: dsnOf(mail, asked),
    separator,
    environment: {
      domain: account.name.slice(account.name.lastIndexOf("@") + 1),
      host: mail.ourHost,
      // RFC 5183 §4.1: the message is stored here.
      location: "MS",
      phase: "during",
      name: "Angarium",
      version,
      "remote-host": mail.remoteName ?? "",
      "remote-ip": mail.remote.address,
    },
    now: mail.at,
    zoneMinutes: (at) => -new Date(at).getTimezoneOffset(),
    spamPercent: spamPercent(verdict, isJunk),
    virus: verdict.findings?.virus,
    flags: [],
  };
}

function nameOf({ name, origin }: Pick<BookScript, "name" | "origin">): string {
  switch (origin) {
    case "account":
      return `script "${name}"`;
    case "vacation":
      return "vacation answer";
    default:
      return `${origin} script "${name}"`;
  }
}

/** RFC 5235: what the filter thinks; mail that others called junk is spam for sure. */
function spamPercent({ findings }: Taken, isJunk: boolean): number | undefined {
  const probability = findings?.spam?.probability;
  return probability === undefined ? (isJunk ? 100 : undefined) : Math.round(probability * 100);
}

/** RFC 6009 §2: each condition of NOTIFY is a value of its own. */
function dsnOf({ ret, envid }: Received, { notify, orcpt }: SieveDelivery["asked"]): EnvelopeDsn {
  const asked = dsnConditions.filter((one) => notify?.[one.toLowerCase() as keyof Notify] === true);
  return {
    ...(asked.length === 0 ? {} : { notify: asked }),
    ...(orcpt === undefined ? {} : { orcpt: [orcpt] }),
    ...(ret === undefined ? {} : { ret: [ret.toUpperCase()] }),
    ...(envid === undefined ? {} : { envid: [envid] }),
  };
}
