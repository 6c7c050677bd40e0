/** Checks JSON against shapes: the value typed, or what was wrong and where (a JSON pointer, RFC 6901). */
import { isObject } from "./types.ts";

export type Wrong = { readonly pointer: string; readonly expected: string };
/** A shape answers the value, or `Wrong` (which no shape's value is an instance of). */
export class Mismatch {
  readonly pointer: string;
  readonly expected: string;

  constructor(pointer: string, expected: string) {
    this.pointer = pointer;
    this.expected = expected;
  }
}
export type Shape<T> = (value: unknown, pointer: string) => T | Mismatch;
export type Of<S> = S extends Shape<infer T> ? T : never;

const one =
  <T>(expected: string, is: (value: unknown) => value is T): Shape<T> =>
  (value, pointer) =>
    is(value) ? value : new Mismatch(pointer, expected);

export const string = one("a string", (value): value is string => typeof value === "string");
export const bool = one("true or false", (value): value is boolean => typeof value === "boolean");
/** RFC 8620 §1.3: −2⁵³+1 … 2⁵³−1. */
export const int = one("a whole number", (value): value is number => Number.isSafeInteger(value));
export const uint = one(
  "a whole number that is not negative",
  (value): value is number => Number.isSafeInteger(value) && (value as number) >= 0,
);
export const positive = one(
  "a whole number above 0",
  (value): value is number => Number.isSafeInteger(value) && (value as number) > 0,
);
const idPattern = /^[A-Za-z0-9_-]{1,255}$/;
/** RFC 8620 §1.2. */
export const id = one("an id", (value): value is string => typeof value === "string" && idPattern.test(value));
/** An id, or "#" and a creation id. */
export const idOrCreation = one(
  'an id, or "#" and a creation id',
  (value): value is string => typeof value === "string" && /^#?[A-Za-z0-9_-]{1,255}$/.test(value),
);
/** RFC 3339 §5.7: a day that there is, and no hour 24. `Date.parse` takes the 30th of February for the 2nd of March. */
export function isRealTime(value: string): boolean {
  const day = value.slice(0, 10);
  const midnight = Date.parse(`${day}T00:00:00Z`);
  return (
    !Number.isNaN(Date.parse(value)) &&
    !Number.isNaN(midnight) &&
    new Date(midnight).toISOString().startsWith(day) &&
    value.slice(11, 13) !== "24"
  );
}
const utcPattern = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d*[1-9])?Z$/;
/** RFC 8620 §1.4. */
export const utcDate = one(
  'a UTCDate such as "2014-10-30T06:12:00Z"',
  (value): value is string => typeof value === "string" && utcPattern.test(value) && isRealTime(value),
);
const datePattern = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d*[1-9])?(?:Z|[+-]\d\d:\d\d)$/;
export const date = one(
  'a Date such as "2014-10-30T14:12:00+08:00"',
  (value): value is string => typeof value === "string" && datePattern.test(value) && isRealTime(value),
);
export const anyObject = one("an object", (value): value is { readonly [name: string]: unknown } => isObject(value));
export const anything: Shape<unknown> = (value) => value;

export const nullable =
  <T>(shape: Shape<T>): Shape<T | null> =>
  (value, pointer) => {
    if (value === null) return null;
    const checked = shape(value, pointer);
    return checked instanceof Mismatch ? new Mismatch(checked.pointer, `${checked.expected} or null`) : checked;
  };

/** For properties: may be missing. */
export const optional =
  <T>(shape: Shape<T>): Shape<T | undefined> =>
  (value, pointer) =>
    value === undefined ? undefined : shape(value, pointer);

/** Missing and null mean the same. */
export const maybe =
  <T>(shape: Shape<T>): Shape<T | undefined> =>
  (value, pointer) => {
    if (value === undefined || value === null) return undefined;
    const checked = shape(value, pointer);
    return checked instanceof Mismatch ? new Mismatch(checked.pointer, `${checked.expected} or null`) : checked;
  };

export const literal = <const T extends string>(...values: readonly T[]): Shape<T> =>
  one(`one of ${values.join(", ")}`, (value): value is T => (values as readonly unknown[]).includes(value));

export const array =
  <T>(shape: Shape<T>): Shape<readonly T[]> =>
  (value, pointer) => {
    if (!Array.isArray(value)) return new Mismatch(pointer, "an array");
    const out: T[] = [];
    for (const [i, each] of value.entries()) {
      const checked = shape(each, `${pointer}/${i}`);
      if (checked instanceof Mismatch) return checked;
      out.push(checked);
    }
    return out;
  };

export const map =
  <T>(key: Shape<string>, shape: Shape<T>): Shape<{ readonly [name: string]: T }> =>
  (value, pointer) => {
    if (!isObject(value)) return new Mismatch(pointer, "an object");
    const out: { [name: string]: T } = Object.create(null);
    for (const [name, each] of Object.entries(value)) {
      const at = `${pointer}/${escapePointer(name)}`;
      const named = key(name, at);
      if (named instanceof Mismatch) return new Mismatch(at, `${named.expected} as its name`);
      const checked = shape(each, at);
      if (checked instanceof Mismatch) return checked;
      out[name] = checked;
    }
    return out;
  };

export type Fields = { readonly [name: string]: Shape<unknown> };
type ObjectOf<F extends Fields> = { readonly [K in keyof F]: Of<F[K]> };

/** Exactly these properties: others are refused. */
export const object =
  <F extends Fields>(fields: F): Shape<ObjectOf<F>> =>
  (value, pointer) => {
    if (!isObject(value)) return new Mismatch(pointer, "an object");
    for (const name of Object.keys(value))
      if (!Object.hasOwn(fields, name))
        return new Mismatch(`${pointer}/${escapePointer(name)}`, "nothing: there is no such property");
    const out: { [name: string]: unknown } = {};
    for (const [name, shape] of Object.entries(fields)) {
      const checked = shape(Object.hasOwn(value, name) ? value[name] : undefined, `${pointer}/${escapePointer(name)}`);
      if (checked instanceof Mismatch) return checked;
      out[name] = checked;
    }
    return out as ObjectOf<F>;
  };

/** RFC 6901 §3. */
export function escapePointer(name: string): string {
  return name.replaceAll("~", "~0").replaceAll("/", "~1");
}

/** The sentence for a person: where, and what was expected. */
export const sayMismatch = ({ pointer, expected }: Wrong): string =>
  `${pointer === "" ? "/" : pointer}: expected ${expected}.`;
