/** Which messages of one request are kept as a template with a line, or a letter, for each, and which of them are judged for the others. Pure. */
import { formatMailbox } from "../../protocol/smtp/address.ts";
import { markOf, type OwnTexts, templateBytes } from "./copies.ts";
import type { Email } from "./email.ts";
import type { Asked, Ready } from "./inject.ts";
import { isPlainText, maxPlainChars, sameButForWords } from "./near.ts";
import { personalise, type Variables } from "./personalise.ts";

export type Bundle = {
  readonly template: Uint8Array;
  /** `markOf` the template. */
  readonly of: string;
  readonly members: readonly Member[];
  /** Those that are judged. */
  readonly samples: readonly Ready[];
};
export type Member = {
  readonly ready: Ready;
  /** Where the template has the texts of none. */
  readonly own: OwnTexts | undefined;
  /** By place in `samples`: what is thought of that one holds for this one. */
  readonly sample: number;
};

/** Fewer messages than this are written out at once. */
const minTogether = 10;
/** Letters that a further one is compared with. */
const maxCompared = 8;

/** Names, dates, numbers: nothing that could make spam of a letter. Copies with more in them are judged one by one. */
export function isPlain(variables: Variables): boolean {
  const values = Object.values(variables).map(String);
  return values.reduce((sum, value) => sum + value.length, 0) <= maxPlainChars && values.every(isPlainText);
}

/** Bundles of emails that are not written yet (those that are, are in none), each of one sender, one time and one way. Who is in no bundle goes by itself. */
export function bundlesOf(ready: readonly Ready[]): readonly Bundle[] {
  if (ready.length < minTogether) return [];
  const frames = new Map<string, Ready[]>();
  const keys = new Map<Asked, string>();
  for (const one of ready) {
    const { asked } = one;
    if (asked.content.kind === "raw") continue;
    let key = keys.get(asked);
    if (key === undefined) keys.set(asked, (key = frameKey(one, asked.content.email)));
    const found = frames.get(key);
    if (found === undefined) frames.set(key, [one]);
    else found.push(one);
  }
  return [...frames.values()].flatMap((some) => (some.length < minTogether ? [] : ofFrame(some)));
}

/** What all letters of one template have in common. */
function frameKey({ asked, sender }: Ready, email: Email): string {
  const { from, notBefore, lifetimeMs } = asked;
  const frame = markOf(templateBytes(frameOf(email), sender));
  return JSON.stringify([frame, formatMailbox(from.mailbox), notBefore, lifetimeMs]);
}

const frameOf = (email: Email): Email => ({ ...email, ...nothing });
const nothing: OwnTexts = { subject: "", text: undefined, html: undefined, replyTo: [], headers: [] };

function ofFrame(all: readonly Ready[]): readonly Bundle[] {
  const keys = new Map<Asked, string>();
  const keyOf = ({ asked }: Ready): string => {
    let key = keys.get(asked);
    if (key === undefined) keys.set(asked, (key = JSON.stringify(textsOf(emailOf(asked)))));
    return key;
  };
  const bundles: Bundle[] = [];
  const letters: Ready[] = [];
  for (const some of Map.groupBy(all, keyOf).values()) {
    const [plain, others] = [some.filter(hasPlainVariables), some.filter((one) => !hasPlainVariables(one))];
    if (plain.length < minTogether) letters.push(...some);
    else {
      letters.push(...others);
      bundles.push({
        ...templateFor(emailOf(plain[0]!.asked), plain[0]!),
        members: plain.map((one) => ({ ready: one, own: undefined, sample: 0 })),
        samples: [plain[0]!],
      });
    }
  }
  return letters.length < minTogether ? bundles : [...bundles, lettersOf(letters)];
}

function lettersOf(letters: readonly Ready[]): Bundle {
  const first = letters[0]!;
  const samples: Ready[] = [];
  const known: { readonly own: OwnTexts; readonly sample: number }[] = [];
  const members = letters.map((ready): Member => {
    const own = ownTexts(ready);
    let at = known.findIndex((one) => isNear(one.own, own));
    if (at < 0) {
      samples.push(ready);
      known.unshift({ own, sample: samples.length - 1 });
      if (known.length > maxCompared) known.pop();
      at = 0;
    }
    return { ready, own, sample: known[at]!.sample };
  });
  return { ...templateFor(frameOf(emailOf(first.asked)), first), members, samples };
}

function templateFor(email: Email, { sender }: Ready): Pick<Bundle, "template" | "of"> {
  const template = templateBytes(email, sender);
  return { template, of: markOf(template) };
}

function isNear(one: OwnTexts, other: OwnTexts): boolean {
  return (
    one.headers.length === other.headers.length &&
    one.headers.every((field, at) => isNearField(field, other.headers[at]!)) &&
    JSON.stringify(one.replyTo) === JSON.stringify(other.replyTo) &&
    near(one.subject, other.subject) &&
    near(one.text, other.text) &&
    near(one.html, other.html)
  );
}

type Field = OwnTexts["headers"][number];

/** Fields that mean something to a server must be the same ("TLS-Required: No"). */
function isNearField([name, value]: Field, [otherName, otherValue]: Field): boolean {
  if (name !== otherName) return false;
  return value === otherValue || (/^x-/i.test(name) && sameButForWords(value, otherValue));
}

function near(one: string | undefined, other: string | undefined): boolean {
  return one === undefined || other === undefined ? one === other : sameButForWords(one, other);
}

/** A letter's texts with all that is put into them. */
function ownTexts({ asked, copy: { variables } }: Ready): OwnTexts {
  const { subject, text, html, replyTo, headers } = textsOf(emailOf(asked));
  if (variables === undefined) return { subject, text, html, replyTo, headers };
  const put = (given: string | undefined, kind: "text" | "html") =>
    given === undefined ? undefined : personalise(given, variables, kind);
  return {
    subject: personalise(subject, variables, "text"),
    text: put(text, "text"),
    html: put(html, "html"),
    replyTo,
    headers: headers.map(([name, value]) => [name, personalise(value, variables, "text")]),
  };
}

function textsOf({ subject, text, html, replyTo, headers }: Email): OwnTexts {
  return { subject, text, html, replyTo, headers };
}

function hasPlainVariables({ copy: { variables } }: Ready): boolean {
  return variables === undefined || isPlain(variables);
}

/** Only of those that are not written already. */
function emailOf({ content }: Asked): Email {
  if (content.kind === "raw") throw new Error("a message that is there already has no texts");
  return content.email;
}
