/** Which route a request means. */
import type { Method, Route } from "./route.ts";

export type Matched = {
  readonly route: Route;
  /** The texts of the path by their names, decoded. */
  readonly texts: { readonly [name: string]: string };
};

/** Routes by the number of segments and the first one: what is left to look through is a handful. */
export class Routes {
  readonly all: readonly Route[];
  readonly #byShape = new Map<string, { readonly route: Route; readonly segments: readonly string[] }[]>();

  constructor(all: readonly Route[]) {
    this.all = all;
    for (const route of all) {
      const segments = route.path.split("/").slice(1);
      const shape = `${segments.length} ${segments[0]}`;
      const known = this.#byShape.get(shape) ?? [];
      if (known.some((other) => other.route.method === route.method && same(other.segments, segments)))
        throw new Error(`Two routes for ${route.method} ${route.path}`);
      known.push({ route, segments });
      this.#byShape.set(shape, known);
    }
    // What is spelled out goes before what is open: /domains/check before /domains/{domain}.
    for (const known of this.#byShape.values()) known.sort((one, other) => opens(one.segments) - opens(other.segments));
  }

  /** `path` begins with "/". Answers the methods that there are where the one asked is not among them. */
  find(method: string, path: string): Matched | { readonly methods: readonly Method[] } {
    const segments = path.split("/").slice(1);
    const methods = new Set<Method>();
    for (const { route, segments: wanted } of this.#byShape.get(`${segments.length} ${segments[0]}`) ?? []) {
      const texts = fit(wanted, segments);
      if (texts === undefined) continue;
      if (route.method === method) return { route, texts };
      methods.add(route.method);
    }
    return { methods: [...methods] };
  }
}

const isOpen = (segment: string): boolean => segment.startsWith("{");
const opens = (segments: readonly string[]): number => segments.filter(isOpen).length;
const same = (one: readonly string[], other: readonly string[]): boolean =>
  one.every((segment, i) => segment === other[i] || (isOpen(segment) && isOpen(other[i] ?? "")));

function fit(wanted: readonly string[], given: readonly string[]): { [name: string]: string } | undefined {
  const texts: { [name: string]: string } = {};
  for (const [i, segment] of wanted.entries()) {
    const text = given[i] ?? "";
    if (!isOpen(segment)) {
      if (segment !== text) return undefined;
      continue;
    }
    try {
      texts[segment.slice(1, -1)] = decodeURIComponent(text);
    } catch {
      return undefined;
    }
  }
  return texts;
}
