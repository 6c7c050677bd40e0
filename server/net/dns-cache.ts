/** A resolver over any source of answers: equal questions are asked once, answers are kept for their time, the load is bounded. */
import { normalName, type QuestionType, reverseName, type Value } from "./dns-wire.ts";
import type { Answer, Mx, Resolver, Srv, Tlsa } from "./resolver.ts";

export type AskDns = (name: string, type: QuestionType) => Promise<Answer<Value>>;

export type CacheBounds = {
  readonly maxEntries: number;
  /** Questions under way at once; more wait. */
  readonly maxConcurrent: number;
  /** Questions that wait; more are refused. */
  readonly maxWaiting: number;
  /** How long a failure is remembered. */
  readonly troubleMs: number;
};
export const defaultCacheBounds: CacheBounds = {
  maxEntries: 50_000,
  maxConcurrent: 100,
  maxWaiting: 10_000,
  troubleMs: 5_000,
};

export function cachedResolver(ask: AskDns, bounds: CacheBounds, monotonic: () => number): Resolver {
  const cache = new Map<string, { readonly answer: Answer<Value>; readonly until: number }>();
  const asking = new Map<string, Promise<Answer<Value>>>();
  const waiting: (() => void)[] = [];
  let underWay = 0;

  async function lookUp(name: string, type: QuestionType, fresh: boolean): Promise<Answer<Value>> {
    const key = `${type} ${name}`;
    const known = cache.get(key);
    if (known !== undefined) {
      if (!fresh && monotonic() < known.until) return known.answer;
      cache.delete(key);
    }
    const same = asking.get(key);
    if (same !== undefined) return same;
    // What is asked anew takes the place of what is known; it does not crowd out what mail needs.
    const keep = !fresh || known !== undefined;
    const question = askInTurn(name, type, keep ? key : undefined).finally(() => asking.delete(key));
    asking.set(key, question);
    return question;
  }

  async function askInTurn(name: string, type: QuestionType, key: string | undefined): Promise<Answer<Value>> {
    if (underWay >= bounds.maxConcurrent) {
      if (waiting.length >= bounds.maxWaiting) return { kind: "trouble", reason: "refused" };
      await new Promise<void>((resolve) => waiting.push(resolve));
    } else underWay++;
    try {
      const answer = await ask(name, type);
      const keepMs = answer.kind === "trouble" ? bounds.troubleMs : answer.ttlSeconds * 1000;
      if (key !== undefined && keepMs > 0) {
        if (cache.size >= bounds.maxEntries) cache.delete(cache.keys().next().value!);
        cache.set(key, { answer, until: monotonic() + keepMs });
      }
      return answer;
    } finally {
      const next = waiting.shift();
      if (next === undefined) underWay--;
      else next();
    }
  }

  return {
    ...resolverOf((name, type) => lookUp(name, type, false)),
    fresh: resolverOf((name, type) => lookUp(name, type, true)),
  };
}

/** The typed questions over one that answers all. */
export function resolverOf(ask: AskDns): Resolver {
  return {
    mx: (name) => ask(normalName(name), "MX") as Promise<Answer<Mx>>,
    a: (name) => thisMachine(name, "127.0.0.1") ?? (ask(normalName(name), "A") as Promise<Answer<string>>),
    aaaa: (name) => thisMachine(name, "::1") ?? (ask(normalName(name), "AAAA") as Promise<Answer<string>>),
    txt: (name) => ask(normalName(name), "TXT") as Promise<Answer<string>>,
    tlsa: (name) => ask(normalName(name), "TLSA") as Promise<Answer<Tlsa>>,
    srv: (name) => ask(normalName(name), "SRV") as Promise<Answer<Srv>>,
    async ptr(address) {
      const name = reverseName(address);
      if (name === undefined) return { kind: "none", exists: false, secure: false, ttlSeconds: 3600 };
      return ask(name, "PTR") as Promise<Answer<string>>;
    },
  };
}

/** RFC 6761 §6.3: localhost and the names below it are this machine, and no server of DNS is asked for them: most know none. */
function thisMachine(name: string, address: string): Promise<Answer<string>> | undefined {
  return /^(?:.+\.)?localhost$/.test(normalName(name))
    ? Promise.resolve({ kind: "found", records: [address], secure: false, ttlSeconds: 3600 })
    : undefined;
}
