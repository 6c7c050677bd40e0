/**
 * Sequence sets (RFC 9051 §9 `sequence-set`): of sequence numbers or of UIDs, as a client wrote them. They stay sets of
 * ranges however much they span; `view.ts` turns them into the messages of a mailbox.
 */
import type { ResultRange } from "./command.ts";

/** Stands for "*", the largest number in use: above every number a client can write. */
export const star = 0x1_0000_0000;

/** Inclusive; `low` ≤ `high` as written, so "7:*" and "*:7" are both [7, star]. */
export type SetRange = readonly [low: number, high: number];

/** `saved` is "$", the result of the last SEARCH RETURN (SAVE): RFC 5182. */
export type SequenceSet =
  | { readonly kind: "saved" }
  | { readonly kind: "ranges"; readonly ranges: readonly SetRange[] };

/** The most ranges one set may have; a longer one is refused. */
export const maxSetRanges = 20_000;

const largestNumber = 0xffff_ffff;

/** Reads a whole text as a set, without "$" when `plain` (and then without "*" either). Refuses 0, numbers above 32 bits and empty parts. */
export function parseSet(text: string, plain = false): SequenceSet | undefined {
  if (text === "$") return plain ? undefined : { kind: "saved" };
  const ranges: SetRange[] = [];
  let at = 0;
  for (;;) {
    const first = numberAt(text, at);
    if (first === undefined) return undefined;
    at = first.end;
    let second = first.value;
    if (text.charCodeAt(at) === 0x3a) {
      const next = numberAt(text, at + 1);
      if (next === undefined) return undefined;
      second = next.value;
      at = next.end;
    }
    const high = Math.max(first.value, second);
    if (plain && high === star) return undefined;
    ranges.push([Math.min(first.value, second), high]);
    if (at === text.length) return { kind: "ranges", ranges };
    if (text.charCodeAt(at) !== 0x2c || ranges.length === maxSetRanges) return undefined;
    at++;
  }
}

function numberAt(text: string, start: number): { readonly value: number; readonly end: number } | undefined {
  if (text.charCodeAt(start) === 0x2a) return { value: star, end: start + 1 };
  let value = 0;
  let end = start;
  for (; end < text.length; end++) {
    const digit = text.charCodeAt(end) - 0x30;
    if (digit < 0 || digit > 9) break;
    value = value * 10 + digit;
    if (value > largestNumber || value === 0) return undefined;
  }
  return end === start ? undefined : { value, end };
}

/** Is "*" in it? */
export const namesLast = (set: SequenceSet): boolean =>
  set.kind === "ranges" && set.ranges.some(([, high]) => high === star);

/** Ascending, disjoint, not touching; "*" is `largest` (and "7:*" with `largest` 3 is 3:7, as RFC 9051 has it). */
export function normalise(ranges: readonly SetRange[], largest: number): SetRange[] {
  const resolved: [number, number][] = ranges.map(([low, high]) => {
    const to = high === star ? largest : high;
    const from = low === star ? largest : low;
    return from <= to ? [from, to] : [to, from];
  });
  if (resolved.length > 1) resolved.sort((a, b) => a[0] - b[0]);
  const out: [number, number][] = [];
  let last: [number, number] | undefined;
  for (const range of resolved) {
    if (last !== undefined && range[0] <= last[1] + 1) {
      if (range[1] > last[1]) last[1] = range[1];
    } else out.push((last = range));
  }
  return out;
}

/** Ranges of ascending numbers. */
export function rangesOf(numbers: ArrayLike<number>): SetRange[] {
  const out: SetRange[] = [];
  for (let at = 0; at < numbers.length; ) {
    const end = runEnd(numbers, at);
    out.push([numbers[at]!, numbers[end]!]);
    at = end + 1;
  }
  return out;
}

/** "1:3,5": as short as it gets while it keeps the given order (COPYUID pairs its two sets by position). "" for none. */
export function formatSet(numbers: ArrayLike<number>): string {
  let out = "";
  for (let at = 0; at < numbers.length; ) {
    const end = runEnd(numbers, at);
    if (at > 0) out += ",";
    out += end === at ? numbers[at] : `${numbers[at]}:${numbers[end]}`;
    at = end + 1;
  }
  return out;
}

/** Those of a list that lie in a range of places (RFC 9394), in the list's order. */
export function inPlaces<T>(all: readonly T[], { first, last, fromEnd }: ResultRange): readonly T[] {
  if (!fromEnd) return all.slice(first - 1, last);
  return all.slice(Math.max(0, all.length - last), Math.max(0, all.length - first + 1));
}

/** "1:3,5" of ranges already normalised. */
export function formatRanges(ranges: readonly SetRange[]): string {
  return ranges.map(([low, high]) => (low === high ? `${low}` : `${low}:${high}`)).join(",");
}

function runEnd(numbers: ArrayLike<number>, start: number): number {
  let end = start;
  while (end + 1 < numbers.length && numbers[end + 1] === numbers[end]! + 1) end++;
  return end;
}

/** How many numbers normalised ranges hold. */
export function sizeOf(ranges: readonly SetRange[]): number {
  let size = 0;
  for (const [low, high] of ranges) size += high - low + 1;
  return size;
}

/** Is `number` in these normalised ranges? */
export function inRanges(ranges: readonly SetRange[], number: number): boolean {
  let low = 0;
  let high = ranges.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (ranges[middle]![1] < number) low = middle + 1;
    else high = middle;
  }
  const range = ranges[low];
  return range !== undefined && range[0] <= number;
}

/** Index of the first of `length` ascending numbers that is not below `number`. */
export function lowerBound(numbers: ArrayLike<number>, length: number, number: number): number {
  let low = 0;
  let high = length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (numbers[middle]! < number) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Those of `length` ascending numbers that normalised ranges hold, ascending. */
export function intersect(ranges: readonly SetRange[], numbers: ArrayLike<number>, length = numbers.length): number[] {
  const out: number[] = [];
  for (const [low, high] of ranges) {
    for (let at = lowerBound(numbers, length, low); at < length && numbers[at]! <= high; at++) out.push(numbers[at]!);
  }
  return out;
}
