/** What a resource says of one of its routes. Everything a request may carry has a schema; the same schemas make the OpenAPI file. */

import type { Readable } from "node:stream";
import { z } from "zod";
import type { LdapSettings } from "../access/ldap.ts";
import type { Oidc, OidcSettings } from "../access/oidc.ts";
import type { SignUp } from "../access/sign-up.ts";
import type { World } from "../admin/command.ts";
import type { Hour } from "../assemble/traffic.ts";
import type { Begun, Requests } from "../inject/requests.ts";
import type { TenantId } from "../store/hosting.ts";
import type { Account } from "../store/store.ts";
import type { Actor, Role, Standings } from "./actor.ts";
import type { Kind, Problem } from "./problem.ts";

/** What handlers work on. */
/** How people prove who they are elsewhere. */
export type SignInWays = {
  readonly settings: { readonly oidc: OidcSettings; readonly ldap: LdapSettings; readonly signUp: SignUp };
  readonly oidc: Pick<Oidc, "reach"> | undefined;
};

export type ApiWorld = World & {
  readonly standings: Standings;
  readonly requests: Requests;
  readonly dataDir: string;
  /** Those that are shown, and their ends. */
  readonly certificates: () => readonly {
    readonly file: string;
    readonly names: readonly string[];
    readonly validTo: string;
  }[];
  readonly signIn: SignInWays;
  /** Mail of the last 24 hours, by the hour. */
  readonly traffic: () => readonly Hour[];
  /** How long what is deleted can come back. */
  readonly undoDays: number;
  readonly maxTokenDays: number;
  /** Whether somebody who asks again for their password knows it; wrong ones count as failed logins. */
  /** Ends a session or a token at once, by the hash of its secret. */
  readonly endSession: (hash: string) => Promise<void>;
  readonly isPassword: (account: Account, password: string, remote: string) => Promise<boolean>;
};

/** How the text in a path becomes a thing that this actor may see. `undefined`: there is none for them, and the answer is 404. */
export type Param<T> = {
  readonly schema: z.ZodType<string>;
  readonly find: (
    text: string,
    actor: Actor,
    world: ApiWorld,
    writing: boolean,
  ) => Promise<T | Problem<"forbidden" | "not-found"> | undefined>;
};
export type Params = { readonly [name: string]: Param<unknown> };

type Found<P extends Params> = { readonly [N in keyof P]: P[N] extends Param<infer T> ? T : never };
type Output<S> = S extends z.ZodType ? z.output<S> : undefined;
type Input<S> = S extends z.ZodType ? z.input<S> : undefined;

export type Given<P extends Params, Q, B> = Found<P> & {
  readonly actor: Actor;
  readonly query: Output<Q>;
  readonly body: Output<B>;
  /** What is sent, where the route takes bytes. */
  readonly upload: Readable;
  /** "https://mail.example.org": where the client has reached us. */
  readonly origin: string;
  /** Of a request with a key. */
  readonly once?: Begun | undefined;
  /** For the audit log, where path and body do not say it. */
  readonly audit: { tenant: TenantId | undefined; target: string | undefined; detail: { [name: string]: unknown } };
};

export type Method = "GET" | "POST" | "PUT" | "PATCH" | "DELETE";

export type Route = {
  readonly method: Method;
  /** In `resources/`, said by whoever loads it: where another thread finds the schemas. */
  readonly file?: string | undefined;
  /** Below /api/v1: "/accounts/{account}". */
  readonly path: string;
  readonly summary: string;
  readonly description?: string;
  /** Area of the token's scopes: reading for GET, writing for the others. */
  readonly area: string;
  /** Who may at least; undefined: everybody, without logging in. */
  readonly who: Role | undefined;
  readonly params: Params;
  readonly query: z.ZodObject | undefined;
  readonly body: z.ZodType | undefined;
  /** Of the answer; undefined: 204 without any. */
  readonly answer: z.ZodType | undefined;
  readonly status: number;
  /** What the answer is with 200 in place of `status` (see `InPart`). */
  readonly inPart?: string;
  /** Of the answer's body: application/json where nothing is said. */
  readonly type?: string;
  readonly maxBodyBytes?: number;
  /** The body is bytes of any length: `run` reads them from `upload`. Nothing of it is noted, nor kept for repeated requests. */
  readonly takesBytes?: true;
  /** What else `run` may answer than what requests like this one are refused with everywhere (`refusals.ts`). */
  readonly refuses: readonly Kind[];
  /** Left out of the audit log: mail has its own record. */
  readonly unaudited?: boolean;
  /** Sent with another method than GET, though it changes nothing. */
  readonly changesNothing?: boolean;
  /** With a key: what a crash cut off goes on when it is asked again, since `run` finds what it has done (`given.once`). */
  readonly resumable?: true;
  // biome-ignore lint/suspicious/noExplicitAny: `route` checks the types.
  readonly run: (given: any, world: ApiWorld) => Promise<unknown>;
};

/** An answer with the place of what was made. */
export class Created<T> {
  readonly value: T;
  readonly location: string;
  constructor(value: T, location: string) {
    this.value = value;
    this.location = location;
  }
}

/** An answer to several things asked at once, of which not all went as asked: it tells of each, with 200. */
export class InPart<T> {
  readonly value: T;
  constructor(value: T) {
    this.value = value;
  }
}

/** An answer that is a file, sent as it is read; for GET alone. */
export class Download {
  readonly stream: Readable;
  /** The name under which it is kept. */
  readonly name: string;
  constructor(stream: Readable, name: string) {
    this.stream = stream;
    this.name = name;
  }
}

/** What handlers may refuse with without saying so: whoever reads the description finds these with every such route. */
type Usual<P, B> =
  | "forbidden"
  | "parameters"
  | (keyof P extends never ? never : "not-found")
  | (B extends z.ZodType ? "validation" : never);

/** Keeps the types of a route for its own function: what it refuses with is in the description, or this does not compile. */
export function route<
  const P extends Params = Record<never, never>,
  Q extends z.ZodObject | undefined = undefined,
  B extends z.ZodType | undefined = undefined,
  A extends z.ZodType | undefined = undefined,
  const K extends Kind = never,
>(
  about: Omit<Route, "params" | "query" | "body" | "answer" | "status" | "refuses" | "run"> & {
    readonly params?: P;
    readonly query?: Q;
    readonly body?: B;
    readonly answer?: A;
    readonly status?: number;
    readonly refuses?: readonly K[];
    readonly run: (
      given: Given<P, Q, B>,
      world: ApiWorld,
    ) => Promise<Input<A> | Created<Input<A>> | InPart<Input<A>> | Download | Problem<NoInfer<K> | Usual<P, B>>>;
  },
): Route {
  const { params, query, body, answer, status, refuses, ...rest } = about;
  return {
    ...rest,
    params: params ?? {},
    query,
    body,
    answer,
    refuses: refuses ?? [],
    status: status ?? (answer === undefined ? 204 : 200),
  };
}

// ---------------------------------------------------------------- pages

export const defaultLimit = 50;
export const maxLimit = 500;

const cursor = z
  .string()
  .max(1000)
  .transform((text, context) => {
    const place = Buffer.from(text, "base64url").toString("utf8");
    if (Buffer.from(place).toString("base64url") === text && !place.includes("\0")) return place;
    context.addIssue("This is no cursor: take `next` of the page before.");
    return z.NEVER;
  });

/** Parameters of every list. */
export const page = {
  limit: z.coerce.number().int().min(1).max(maxLimit).default(defaultLimit).describe("How many at most."),
  cursor: cursor.optional().describe("`next` of the page before."),
} as const;

/** A page of things. `next` leads to the following one; it is null on the last. */
export const list = <T extends z.ZodType>(item: T) =>
  z.object({ items: z.array(item), next: z.string().nullable().describe("Cursor of the following page.") });

/** One page of `rows`, of which one more than `limit` was asked; `placeOf` is where the following one begins. */
export function paged<R, T>(
  rows: readonly R[],
  limit: number,
  placeOf: (row: R) => string,
  shown: (row: R) => T,
): { items: T[]; next: string | null } {
  const kept = rows.slice(0, limit);
  const last = kept.at(-1);
  const next = rows.length > limit && last !== undefined ? Buffer.from(placeOf(last)).toString("base64url") : null;
  return { items: kept.map(shown), next };
}

/**
 * A page of rows that all lie in memory, by their times and then by their ids: what comes behind the cursor is found also where the row
 * that it names has gone meanwhile.
 */
export function pagedByTime<R, T>(
  rows: readonly R[],
  { limit, cursor }: { readonly limit: number; readonly cursor?: string | undefined },
  of: {
    readonly order: "newest first" | "oldest first";
    readonly at: (row: R) => number;
    readonly id: (row: R) => string;
    readonly shown: (row: R) => T;
  },
): { items: T[]; next: string | null } {
  const sign = of.order === "newest first" ? -1 : 1;
  const after = (one: readonly [number, string], other: readonly [number, string]): number =>
    sign * (one[0] - other[0]) || (one[1] < other[1] ? -1 : one[1] > other[1] ? 1 : 0);
  const placeOf = (row: R) => [of.at(row), of.id(row)] as const;
  const [at = "", id = ""] = (cursor ?? "").split(" ");
  const found = rows
    .filter((row) => cursor === undefined || after(placeOf(row), [Number(at) || 0, id]) > 0)
    .sort((one, other) => after(placeOf(one), placeOf(other)));
  return paged(found, limit, (row) => placeOf(row).join(" "), of.shown);
}

/** A time as answers show it. */
export const time = z.iso.datetime().meta({ description: "A time in UTC." });
export const at = (instant: number): string => new Date(instant).toISOString();
