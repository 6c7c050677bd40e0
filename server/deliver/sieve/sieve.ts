/**
 * Scripts at delivery, between the verdict and the mailbox. Order: the server's, the domain's, the account's own, its vacation
 * answer, the domain's after, the server's after; each has its turn while the message would still be kept. Junk stays junk:
 * the account's scripts run for it only where they ask about spam or viruses themselves.
 */
import type { Fcc, Outcome } from "../../../protocol/sieve/actions.ts";
import type { Received } from "../../receive/received.ts";
import type { Remembered } from "../../store/sieve-store.ts";
import type { Account, Marks, Target } from "../../store/store.ts";
import type { AccountEffects, Filed, Sent } from "./effects.ts";
import { flagsAsMarks } from "./flags.ts";
import { domainOf, makeLetters } from "./letters.ts";
import { AccountMailboxes } from "./mailboxes.ts";
import { duplicateKey, Once } from "./once.ts";
import type { DeliverSieve, SieveDelivery, SievePorts } from "./ports.ts";
import { outcomeOf, scriptsOf } from "./run.ts";

export type { DeliverSieve, OnwardRefusal, SieveDelivery, SievePorts } from "./ports.ts";

export function makeDeliverSieve(ports: SievePorts): DeliverSieve {
  const { store, book, directory, log } = ports;
  const once = new Once(store);
  const letters = makeLetters(ports, once);

  const run = async (delivery: SieveDelivery): Promise<AccountEffects | undefined> => {
    const { mail } = delivery;
    const account = await directory.account(delivery.account);
    if (account === undefined) return undefined;
    const scripts = await scriptsOf(ports, account, delivery.isJunk);
    if (scripts.length === 0) return undefined;
    const needs = (name: string): boolean => scripts.some(({ script }) => script.required.has(name));
    const [mailboxes, annotations] = await Promise.all([
      ["fileinto", "mailbox", "mailboxid", "special-use", "mboxmetadata", "fcc", "include"].some(needs)
        ? store.mailboxes(account.id)
        : [],
      needs("mboxmetadata") || needs("servermetadata") ? store.annotations(account.id) : [],
    ]);
    const boxes = new AccountMailboxes(mailboxes, annotations);
    const domain = await directory.domain(domainOf(delivery.recipient));
    const separator = domain?.settings.subaddressSeparator ?? "+";
    const outcome = await outcomeOf(delivery, account, scripts, boxes, { separator, version: ports.version, once });
    return effectsOf(delivery, account, outcome, boxes, mail.at);
  };

  const effectsOf = async (
    delivery: SieveDelivery,
    account: Account,
    outcome: Outcome,
    boxes: AccountMailboxes,
    now: number,
  ): Promise<AccountEffects> => {
    const { place } = delivery;
    const filed: Filed[] = [];
    const sent: Sent[] = [];
    const send = (out: Received, inPlaceOfKeeping = false): void => {
      sent.push({ mail: out, inPlaceOfKeeping });
    };
    const copies: { target: Target; marks: Marks; bytes: Buffer }[] = [];
    const remember: Remembered[] = [];
    const notes: string[] = [];
    let refused: AccountEffects["refused"];
    let keeps = outcome.keeps;
    const addCopy = (fcc: Fcc | undefined, bytes: Buffer): void => {
      if (fcc === undefined) return;
      const target = boxes.target(fcc) ?? { role: "sent" };
      copies.push({ target, marks: flagsAsMarks(fcc.flags), bytes });
    };
    for (const { key, seconds } of outcome.duplicates) {
      const hashed = duplicateKey(key);
      once.setPending(account.id, hashed, now);
      remember.push({ account: account.id, key: hashed, until: now + seconds * 1000 });
    }
    for (const action of outcome.actions)
      switch (action.kind) {
        case "keep":
          break;
        case "fileinto": {
          // A mailbox that is not there (RFC 5228 §4.1): the message is in its default place.
          const target = boxes.target(action.target) ?? place;
          if (boxes.target(action.target) === undefined) notes.push(`no mailbox ${action.target.mailbox}`);
          filed.push({ target, marks: flagsAsMarks(action.flags), bytes: action.message });
          notes.push(`fileinto ${action.target.mailbox}`);
          break;
        }
        case "redirect": {
          const onward = await letters.redirected(delivery, account, action);
          if (typeof onward === "string") keeps = true;
          else send(onward, true);
          notes.push(`redirect ${action.address}${typeof onward === "string" ? ` ${onward}` : ""}`);
          break;
        }
        case "reject": {
          if (action.extended) refused = action.reason;
          else {
            const told = await letters.refused(delivery, action.reason);
            if (told !== undefined) send(told);
          }
          notes.push("rejected");
          break;
        }
        case "vacation": {
          const answer = await letters.vacation(delivery, account, action, now);
          if (typeof answer === "string") {
            notes.push(`no vacation answer: ${answer}`);
            break;
          }
          send(answer.mail);
          addCopy(action.fcc, answer.mail.bytes);
          if (answer.remember !== undefined) remember.push(answer.remember);
          notes.push("vacation answer");
          break;
        }
        case "notify": {
          const told = await letters.notify(delivery, account, action);
          if (told === undefined) break;
          send(told.mail);
          addCopy(action.fcc, told.bytes);
          notes.push("notified");
          break;
        }
        default:
          action satisfies never;
      }
    if (keeps) {
      filed.push({ target: place, marks: flagsAsMarks(outcome.keepFlags), bytes: outcome.keepMessage });
      // Alone it goes without saying.
      if (notes.length > 0) notes.push("keep");
    }
    if (outcome.failures.length > 0) {
      notes.push("script failed");
      log.info({ account: account.name, failures: outcome.failures }, "script failed");
      const told = await letters.failed(delivery, account, outcome, now);
      if (told !== undefined) {
        send(told.mail);
        remember.push(told.remember);
      }
    }
    if (filed.length === 0 && sent.length === 0 && refused === undefined) notes.push("discarded");
    return { filed: distinct(filed), sent, copies, refused, remember, notes };
  };

  return { concerns: (accounts) => book.concerns(accounts), run };
}

/** One mailbox gets one copy of the same bytes; flags of all who put it there. */
function distinct(filed: readonly Filed[]): readonly Filed[] {
  const byPlace = new Map<string, Filed>();
  for (const one of filed) {
    const place = JSON.stringify(one.target);
    const before = byPlace.get(place);
    if (before === undefined || before.bytes !== one.bytes) {
      byPlace.set(before === undefined ? place : `${place} ${byPlace.size}`, one);
      continue;
    }
    const keywords = [...new Set([...before.marks.keywords, ...one.marks.keywords])];
    byPlace.set(place, { ...before, marks: { flags: before.marks.flags | one.marks.flags, keywords } });
  }
  return [...byPlace.values()];
}
