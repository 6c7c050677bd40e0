/** The DNS questions of one message: each asked once, no more than a number, none beyond a time. What is not asked is trouble. */
import type { Answer, Resolver } from "../../net/resolver.ts";

export type Questions = Resolver & {
  /** How many were asked. */
  readonly asked: () => number;
  /** No more will come. */
  readonly done: () => void;
};

export function questionsOf(
  resolver: Resolver,
  bounds: { readonly maxQuestions: number; readonly timeoutMs: number },
): Questions {
  const answers = new Map<string, Promise<Answer<never>>>();
  const late: Answer<never> = { kind: "trouble", reason: "timeout" };
  let expire: (answer: Answer<never>) => void = () => {};
  const expired = new Promise<Answer<never>>((resolve) => {
    expire = resolve;
  });
  const timer = setTimeout(() => expire(late), bounds.timeoutMs);
  const ask = <K extends "mx" | "a" | "aaaa" | "txt" | "tlsa" | "ptr">(
    type: K,
    name: string,
  ): ReturnType<Resolver[K]> => {
    const key = `${type} ${name}`;
    let answer = answers.get(key);
    if (answer === undefined) {
      answer =
        answers.size >= bounds.maxQuestions
          ? Promise.resolve({ kind: "trouble", reason: "refused" })
          : Promise.race([resolver[type](name) as Promise<Answer<never>>, expired]);
      answers.set(key, answer);
    }
    return answer as unknown as ReturnType<Resolver[K]>;
  };
  return {
    mx: (name) => ask("mx", name),
    a: (name) => ask("a", name),
    aaaa: (name) => ask("aaaa", name),
    txt: (name) => ask("txt", name),
    tlsa: (name) => ask("tlsa", name),
    ptr: (address) => ask("ptr", address),
    asked: () => answers.size,
    done: () => clearTimeout(timer),
  };
}
