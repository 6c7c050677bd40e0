import type { Store } from "./store.ts";

/** The store with some of its operations done otherwise; the others are its own, bound to it once. */
export function instead(store: Store, operations: Partial<Store>): Store {
  const known = new Map<PropertyKey, unknown>(Object.entries(operations));
  return new Proxy(store, {
    get(target, name) {
      const bound = known.get(name);
      if (bound !== undefined) return bound;
      const value: unknown = Reflect.get(target, name, target);
      if (typeof value !== "function") return value;
      const own: unknown = value.bind(target);
      known.set(name, own);
      return own;
    },
  });
}
