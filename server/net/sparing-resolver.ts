/** A resolver for work in the background: it asks each question once, and has only so many under way, so that mail's own need not wait. */
import type { Answer, Resolver } from "./resolver.ts";

type Typed = "mx" | "a" | "aaaa" | "txt" | "tlsa" | "srv" | "ptr";

/** Lives for one piece of work: what was answered stays remembered as long as it does. */
export function sparingResolver(resolver: Resolver, maxAtOnce: number): Resolver {
  const asked = new Map<string, Promise<Answer<unknown>>>();
  const waiting: (() => void)[] = [];
  let underWay = 0;

  async function inTurn(ask: () => Promise<Answer<unknown>>): Promise<Answer<unknown>> {
    if (underWay >= maxAtOnce) await new Promise<void>((resolve) => waiting.push(resolve));
    else underWay++;
    try {
      return await ask();
    } finally {
      const next = waiting.shift();
      if (next === undefined) underWay--;
      else next();
    }
  }

  const once =
    <Type extends Typed>(type: Type) =>
    (name: string): ReturnType<NonNullable<Resolver[Type]>> => {
      const key = `${type} ${name}`;
      let answer = asked.get(key);
      if (answer === undefined) {
        answer = inTurn(async () => (await resolver[type]?.(name)) ?? { kind: "trouble", reason: "refused" });
        asked.set(key, answer);
      }
      return answer as ReturnType<NonNullable<Resolver[Type]>>;
    };
  return {
    mx: once("mx"),
    a: once("a"),
    aaaa: once("aaaa"),
    txt: once("txt"),
    tlsa: once("tlsa"),
    srv: once("srv"),
    ptr: once("ptr"),
  };
}
