/** One run of compiled scripts over one message: what it has done so far, and how far it may still go. */
import type { Part } from "../mime/parse.ts";
import type { Action, Surroundings } from "./actions.ts";
import type { SieveBounds } from "./bounds.ts";
import type { Comparator } from "./compare.ts";
import type { SieveMessage } from "./message.ts";
import { RunError } from "./mistake.ts";

/** What comes after a command: the next one, the end of the script, of the included one, of a loop. */
export const next = 0;
export const stop = 1;
export const leave = 2;
export const breakLoop = 3;
export type Flow = typeof next | typeof stop | typeof leave | typeof breakLoop;

export type Step = (run: Run) => Flow;
export type Probe = (run: Run) => boolean;

/** Folded values that are kept in one run. */
const maxFolded = 200;
const noText: readonly string[] = Object.freeze([]);

/** RFC 6609 §3.4: a variable scope. */
export type Scope = { readonly values: string[] };

export class Run {
  readonly bounds: SieveBounds;
  readonly world: Surroundings;
  message: SieveMessage;
  actions: Action[] = [];
  /** The implicit keep has not been cancelled. */
  implicitKeep = true;
  /** An explicit keep was asked. */
  kept: { flags: readonly string[] | undefined } | undefined;
  duplicates: { key: string; seconds: number }[] = [];
  /** RFC 5232 §2: the internal variable. Undefined: never touched. */
  flags: readonly string[] | undefined;
  scope: Scope = { values: [] };
  readonly globals = new Map<string, string>();
  /** RFC 5229 §3.2: of the last :matches or :regex that held. */
  match: readonly string[] = noText;
  /** Part that a foreverypart is at. */
  part: Part | undefined;
  /** Which loop a break leaves; undefined: the innermost. */
  breakName: string | undefined;
  /** Included scripts so far (:once), those around the command in hand, how many. */
  readonly included = new Set<string>();
  readonly including: string[] = [];
  includes = 0;
  addedFields = 0;
  readonly #folded = new Map<Comparator, Map<string, string>>();
  #steps = 0;
  #bodyBytes = 0;
  #variableChars = 0;

  constructor(message: SieveMessage, world: Surroundings, bounds: SieveBounds) {
    this.message = message;
    this.world = world;
    this.bounds = bounds;
  }

  /** The folded form of a value: twenty rules ask it of one subject. */
  fold(comparator: Comparator, value: string): string {
    let folded = this.#folded.get(comparator);
    if (folded === undefined) this.#folded.set(comparator, (folded = new Map()));
    let text = folded.get(value);
    if (text === undefined) {
      text = comparator.fold(value);
      if (folded.size < maxFolded) folded.set(value, text);
    }
    return text;
  }

  spend(steps: number): void {
    this.#steps += steps;
    if (this.#steps > this.bounds.steps) throw new RunError("the script does more work than one message is allowed");
  }

  /** Room for decoded body bytes: how many of them. */
  takeBody(bytes: number): number {
    const left = Math.max(0, this.bounds.bodyBytes - this.#bodyBytes);
    const taken = Math.min(left, bytes);
    this.#bodyBytes += taken;
    this.spend(taken >> 8);
    return taken;
  }

  act(action: Action): void {
    if (this.actions.length >= this.bounds.actions)
      throw new RunError(`a script may ask for ${this.bounds.actions} actions`);
    this.actions.push(action);
  }

  /** Longer values are cut off (RFC 5229 §6). */
  bounded(value: string): string {
    const { variableChars } = this.bounds;
    if (value.length <= variableChars) return value;
    const cut = value.slice(0, variableChars);
    return /[\ud800-\udbff]$/.test(cut) ? cut.slice(0, -1) : cut;
  }

  #account(before: string | undefined, after: string): void {
    this.#variableChars += after.length - (before?.length ?? 0);
    if (this.#variableChars > this.bounds.variablesChars)
      throw new RunError("the variables of the script hold too much");
  }

  setVariable(slot: number, value: string): void {
    const bounded = this.bounded(value);
    this.spend(bounded.length >> 6);
    const { values } = this.scope;
    this.#account(values[slot], bounded);
    values[slot] = bounded;
  }

  setGlobal(name: string, value: string): void {
    const bounded = this.bounded(value);
    this.spend(bounded.length >> 6);
    this.#account(this.globals.get(name), bounded);
    this.globals.set(name, bounded);
  }
}
