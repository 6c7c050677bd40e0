/** What crosses between the main thread and the threads of the store. */
import type { PackedChanges } from "./crossing.ts";
import type { Change } from "./store.ts";
import { StoreTrouble, troubleOf } from "./trouble.ts";

export type Call = readonly [id: number, name: string, args: readonly unknown[]];
export type Answer = readonly [id: number, failure: Failure | undefined, value: unknown];
/** An error as it crosses the thread; `kind` where it is a `StoreTrouble`. */
export type Failure = {
  readonly kind: StoreTrouble["kind"] | undefined;
  readonly message: string;
  readonly stack: string;
};
export type Answers = { readonly answers: readonly Answer[]; readonly changes: readonly Change[] };

/** What comes into a thread: calls, or the wish that it ends. */
export type ToThread = { readonly calls: readonly Call[] } | { readonly close: true };
/** What comes out: once whether it is ready, then answers. */
export type FromThread =
  | { readonly ready: true }
  | { readonly failed: Failure }
  | ({ readonly answers: readonly Answer[] } & PackedChanges);

export function failureOf(error: unknown): Failure {
  const trouble = troubleOf(error);
  const { message, stack } = error instanceof Error ? error : new Error(String(error));
  return { kind: trouble?.kind, message: trouble?.message ?? message, stack: stack ?? message };
}

export function errorOf({ kind, message, stack }: Failure): Error {
  const error = kind === undefined ? new Error(message) : new StoreTrouble(kind, message);
  error.stack = stack;
  return error;
}
