/** Which messages of one request are kept as a template with a line, or a letter, for each, and which of them are judged for the others. */
import { formatMailbox } from "../../protocol/smtp/address.ts";
import { breather } from "../base/breathe.ts";
import type { Email } from "./email.ts";
import type { Asked, Ready } from "./inject.ts";
import { type Kept, markOf, type OwnTexts } from "./kept.ts";
import { isPlainText, maxPlainChars, sameButForWords } from "./near.ts";
import { personalise, type Variables } from "./personalise.ts";
import type { Writing } from "./writing.ts";

export type Bundle = {
  readonly template: Kept;
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
/** Characters of a letter's texts: longer ones are compared with none. */
const maxComparedChars = 100_000;

type Keep = Writing["keep"];

/** Names, dates, numbers: nothing that could make spam of a letter. Copies with more in them are judged one by one. */
export function isPlain(variables: Variables): boolean {
  const values = Object.values(variables).map(String);
  return values.reduce((sum, value) => sum + value.length, 0) <= maxPlainChars && values.every(isPlainText);
}

/** Bundles of emails that are not written yet (those that are, are in none), each of one sender, one time and one way. Who is in no bundle goes by itself. */
export async function bundlesOf(ready: readonly Ready[], keep: Keep): Promise<readonly Bundle[]> {
  if (ready.length < minTogether) return [];
  const frames = new Map<string, Ready[]>();
  const keys = new Map<Asked, string>();
  const pause = breather();
  for (const one of ready) {
    const { asked } = one;
    if (asked.content.kind === "raw") continue;
    let key = keys.get(asked);
    if (key === undefined) keys.set(asked, (key = await frameKey(one, asked.content.email, keep)));
    const found = frames.get(key);
    if (found === undefined) frames.set(key, [one]);
    else found.push(one);
    await pause();
  }
  const bundles: Bundle[] = [];
  for (const some of frames.values()) if (some.length >= minTogether) bundles.push(...(await ofFrame(some, keep)));
  return bundles;
}

/** What all letters of one template have in common. */
async function frameKey({ asked, sender }: Ready, email: Email, keep: Keep): Promise<string> {
  const { from, notBefore, lifetimeMs } = asked;
  const frame = (await keep(frameOf(email), sender)).digest;
  return JSON.stringify([frame, formatMailbox(from.mailbox), notBefore, lifetimeMs]);
}

const frameOf = (email: Email): Email => ({ ...email, ...nothing });
const nothing: OwnTexts = { subject: "", text: undefined, html: undefined, replyTo: [], headers: [] };

async function ofFrame(all: readonly Ready[], keep: Keep): Promise<readonly Bundle[]> {
  const keys = new Map<Asked, string>();
  const pause = breather();
  for (const { asked } of all) {
    if (!keys.has(asked)) keys.set(asked, JSON.stringify(textsOf(emailOf(asked))));
    await pause();
  }
  const bundles: Bundle[] = [];
  const letters: Ready[] = [];
  for (const some of Map.groupBy(all, ({ asked }) => keys.get(asked)).values()) {
    const [plain, others] = [some.filter(hasPlainVariables), some.filter((one) => !hasPlainVariables(one))];
    if (plain.length < minTogether) letters.push(...some);
    else {
      letters.push(...others);
      bundles.push({
        ...(await templateFor(emailOf(plain[0]!.asked), plain[0]!, keep)),
        members: plain.map((one) => ({ ready: one, own: undefined, sample: 0 })),
        samples: [plain[0]!],
      });
    }
  }
  return letters.length < minTogether ? bundles : [...bundles, await lettersOf(letters, keep)];
}

async function lettersOf(letters: readonly Ready[], keep: Keep): Promise<Bundle> {
  const first = letters[0]!;
  const samples: Ready[] = [];
  const known: { readonly own: OwnTexts; readonly sample: number }[] = [];
  const members: Member[] = [];
  const pause = breather();
  for (const ready of letters) {
    const own = ownTexts(ready);
    const long = (own.text?.length ?? 0) + (own.html?.length ?? 0) > maxComparedChars;
    let sample = long ? undefined : known.find((one) => isNear(one.own, own))?.sample;
    if (sample === undefined) {
      sample = samples.push(ready) - 1;
      if (!long && known.unshift({ own, sample }) > maxCompared) known.pop();
    }
    members.push({ ready, own, sample });
    await pause();
  }
  return { ...(await templateFor(frameOf(emailOf(first.asked)), first, keep)), members, samples };
}

async function templateFor(email: Email, { sender }: Ready, keep: Keep): Promise<Pick<Bundle, "template" | "of">> {
  const template = await keep(email, sender);
  return { template, of: markOf(template.digest) };
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
