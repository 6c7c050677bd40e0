/** The words of RFC 8620: what goes over the wire, as values. */

export type Json = null | boolean | number | string | readonly Json[] | JsonObject;
export type JsonObject = { readonly [name: string]: Json };

/** RFC 8620 §3.2: name, arguments, client's call id. */
export type Invocation = readonly [name: string, args: JsonObject, callId: string];

export type JmapRequest = {
  readonly using: readonly string[];
  readonly methodCalls: readonly Invocation[];
  readonly createdIds: { readonly [creationId: string]: string } | undefined;
};

/** RFC 7807, as RFC 8620 §3.6.1 fills it. */
export type Problem = {
  readonly type: string;
  readonly status: number;
  readonly detail: string;
  /** Only for `limit`: which one. */
  readonly limit?: string;
  /** JSON pointer to what is wrong in the request, where one place is. */
  readonly pointer?: string;
};

/** RFC 8620 §3.6.2. */
export type MethodError = { readonly type: string; readonly description?: string } & JsonObject;
/** RFC 8620 §5.3. */
export type SetError = {
  readonly type: string;
  readonly description?: string;
  readonly properties?: readonly string[];
} & JsonObject;

/** What a method came to. */
export type MethodResult = { readonly error: MethodError } | { readonly ok: JsonObject };

export const isObject = (value: unknown): value is { readonly [name: string]: unknown } =>
  typeof value === "object" && value !== null && !Array.isArray(value);

export const failed = (type: string, description?: string, more: JsonObject = {}): { readonly error: MethodError } => ({
  error: { type, ...(description === undefined ? {} : { description }), ...more },
});

export const setError = (type: string, description?: string, more: JsonObject = {}): SetError => ({
  type,
  ...(description === undefined ? {} : { description }),
  ...more,
});

export const invalidProperties = (properties: readonly string[], description: string): SetError =>
  setError("invalidProperties", description, { properties });
