/**
 * The text conditions of Email/query, decided for a batch of emails: the signature first, the bytes of what remains. The one
 * place that knows how texts are found.
 */
import { type FoldedText, foldedPlainText } from "../../../protocol/mime/search-text.ts";
import type { EmailSet } from "../../../protocol/words/email-set.ts";
import type { EmailFilter } from "../jmap.ts";
import { type Candidate, type Judge, judgeOf, no, nobody, unknown, type Verdict, yes } from "../search-judge.ts";
import { lookInto, readEach, remember } from "../search-look.ts";
import { memory, type Op, rows } from "./tx.ts";

/** Message bytes that one query may read; more is refused as too expensive. */
export const maxQueryBytes = 512 * 1024 * 1024;
/** So many texts are looked for with one reading: more of them count as reading it again. */
const textsAtOnce = 8;
const batchSize = 256;

/** A row as the query found it: its content, and what SQL said of each leaf that has no text. */
export type TextCandidate = { readonly email: number; readonly content: number; readonly leaves: readonly boolean[] };

/** The filter as a tree over leaves: those SQL decides, by their number, and texts with their judges. */
export type TextTree =
  | { readonly kind: "and" | "or"; readonly of: readonly TextTree[] }
  | { readonly kind: "not"; readonly of: TextTree }
  | { readonly kind: "sql"; readonly leaf: number }
  | { readonly kind: "among"; readonly emails: EmailSet }
  | { readonly kind: "text"; readonly judge: Judge };

/** Splits the filter; `leaves` are the conditions for SQL, in the order of their numbers. */
export function textTree(filter: EmailFilter, leaves: EmailFilter[]): TextTree {
  switch (filter.kind) {
    case "and":
    case "or":
      return { kind: filter.kind, of: filter.of.map((one) => textTree(one, leaves)) };
    case "not":
      return { kind: "not", of: textTree(filter.of, leaves) };
    case "text":
      return { kind: "text", judge: judgeOf(filter.key) };
    case "among":
      return filter;
    case "words":
      throw new Error("Words have been found before the tree is made.");
    default:
      leaves.push(filter);
      return { kind: "sql", leaf: leaves.length - 1 };
  }
}

type Undecided = Candidate & { readonly index: number; readonly found: TextCandidate };

export class TextBudget {
  left = maxQueryBytes;
}

/** Which of the candidates satisfy the tree, or "too-expensive". */
export function* holdsText(
  tree: TextTree,
  candidates: readonly TextCandidate[],
  budget: TextBudget,
): Op<readonly boolean[] | "too-expensive"> {
  const answer: boolean[] = [];
  const open: number[] = [];
  for (const [index, candidate] of candidates.entries()) {
    const verdict = first(tree, undefined, candidate);
    answer.push(verdict === yes);
    if (verdict === unknown) open.push(index);
  }
  const { texts } = yield* memory();
  const readings = Math.ceil(textsOf(tree) / textsAtOnce);
  for (let from = 0; from < open.length; from += batchSize) {
    const places = open.slice(from, from + batchSize);
    const batch = places.map((index) => candidates[index]!);
    const list = JSON.stringify([...new Set(batch.map(({ content }) => content))]);
    const known = new Map<number, Candidate>();
    for (const cells of yield* rows(
      `SELECT c.id, c.size, c.subject, c.signature
       FROM {list $1} l {cross} contents c WHERE c.id = l.value`,
      list,
    ))
      known.set(cells[0] as number, {
        ...nobody,
        content: cells[0] as number,
        size: cells[1] as number,
        subject: cells[2] as string,
        signature: cells[3] as Uint8Array,
      });
    const undecided: Undecided[] = [];
    for (const [at, found] of batch.entries()) {
      const index = places[at]!;
      const candidate = known.get(found.content);
      if (candidate === undefined) continue;
      const verdict = first(tree, candidate, found);
      if (verdict !== unknown) {
        answer[index] = verdict === yes;
        continue;
      }
      const folded = texts.get(found.content);
      if (folded === undefined || !rulesOut(tree, found, folded)) undecided.push({ ...candidate, index, found });
    }
    for (const { size } of undecided) budget.left -= size * readings;
    if (budget.left < 0) return "too-expensive";
    yield* readEach(undecided, false, (candidate, bytes) => {
      answer[candidate.index] = second(tree, candidate, candidate.found, lookInto(bytes));
      if (texts.get(candidate.content) === undefined) remember(texts, candidate.content, bytes, foldedPlainText);
    });
  }
  return answer;
}

/** How many texts it looks for. */
function textsOf(tree: TextTree): number {
  switch (tree.kind) {
    case "text":
      return 1;
    case "and":
    case "or":
      return tree.of.reduce((sum, one) => sum + textsOf(one), 0);
    case "not":
      return textsOf(tree.of);
    default:
      return 0;
  }
}

/** Whether an email of this text surely does not satisfy the tree. */
function rulesOut(tree: TextTree, found: TextCandidate, folded: FoldedText): boolean {
  switch (tree.kind) {
    case "sql":
      return found.leaves[tree.leaf] !== true;
    case "among":
      return !tree.emails.has(found.email);
    case "text":
      return tree.judge.rulesOut?.(folded) === true;
    case "and":
      return tree.of.some((one) => rulesOut(one, found, folded));
    case "or":
      return tree.of.every((one) => rulesOut(one, found, folded));
    case "not":
      return false;
    default:
      return tree satisfies never;
  }
}

/** `candidate`: what the content's row says; undefined where it has not been read. */
function first(tree: TextTree, candidate: Candidate | undefined, found: TextCandidate): Verdict {
  switch (tree.kind) {
    case "sql":
      return found.leaves[tree.leaf] ? yes : no;
    case "among":
      return tree.emails.has(found.email) ? yes : no;
    case "text":
      return candidate === undefined ? unknown : tree.judge.first(candidate);
    case "not": {
      const inner = first(tree.of, candidate, found);
      return inner === unknown ? unknown : inner === yes ? no : yes;
    }
    default: {
      const decisive = tree.kind === "and" ? no : yes;
      let verdict: Verdict = tree.kind === "and" ? yes : no;
      for (const one of tree.of) {
        const each = first(one, candidate, found);
        if (each === decisive) return decisive;
        if (each === unknown) verdict = unknown;
      }
      return verdict;
    }
  }
}

function second(
  tree: TextTree,
  candidate: Candidate,
  found: TextCandidate,
  look: ReturnType<typeof lookInto>,
): boolean {
  switch (tree.kind) {
    case "sql":
      return found.leaves[tree.leaf] === true;
    case "among":
      return tree.emails.has(found.email);
    case "text": {
      const quick = tree.judge.first(candidate);
      return quick === unknown ? tree.judge.second(candidate, look) : quick === yes;
    }
    case "not":
      return !second(tree.of, candidate, found, look);
    case "and":
      return tree.of.every((one) => second(one, candidate, found, look));
    case "or":
      return tree.of.some((one) => second(one, candidate, found, look));
    default:
      return tree satisfies never;
  }
}
