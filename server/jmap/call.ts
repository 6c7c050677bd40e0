/** Runs the method calls of one request in their order (RFC 8620 §3.3): references resolved, creation ids remembered, each error its own answer. */
import type { Shape } from "../../protocol/jmap/check.ts";
import { Mismatch, sayMismatch } from "../../protocol/jmap/check.ts";
import { numberOf } from "../../protocol/jmap/ids.ts";
import { resolveReferences } from "../../protocol/jmap/reference.ts";
import { setAnswer } from "../../protocol/jmap/set-answer.ts";
import {
  failed,
  type Invocation,
  type JmapRequest,
  type JsonObject,
  type MethodError,
} from "../../protocol/jmap/types.ts";
import type { Pass } from "../access/login.ts";
import type { AppPassword } from "../store/security-store.ts";
import type { Account, AccountId } from "../store/store.ts";
import { diskFullSentence, diskFullType, isDiskFull } from "../store/trouble.ts";
import { Access, accessTo, ownAccess } from "./access.ts";
import type { JmapPorts } from "./ports.ts";
import { Room } from "./room.ts";
import { booksSharedWith, type SharedBooks } from "./shared-books.ts";
import { type SharedSending, sendingFrom } from "./shared-sending.ts";

/** What one method call knows: who asks, what has been created in this request, and what it may use. */
export type Call = {
  readonly ports: JmapPorts;
  readonly account: Account;
  /** What lets them in, where that ends before the account does. */
  readonly pass: Pass | undefined;
  /** The app password that they signed in with, where it was one. */
  readonly appPassword?: AppPassword | undefined;
  /** What they may do in the account that the method names. */
  readonly access: Access;
  /** Address books that its owner shares with the caller; undefined in one's own account. */
  readonly books?: SharedBooks;
  /** What the caller may send as in another's account, for methods of sending. */
  readonly sending?: SharedSending;
  readonly using: ReadonlySet<string>;
  /** What the whole request may still come to. */
  readonly room: Room;
  /** Creation id → id, over the whole request. */
  readonly created: Map<string, string>;
  /** URL that the client has reached us by, for absolute URLs. */
  readonly origin: string;
};

export type Answer =
  | { readonly error: MethodError }
  /** `also`: further answers to the same call (RFC 8620 §3.4: implicit method calls). */
  | { readonly ok: JsonObject; readonly also?: readonly (readonly [name: string, answer: Answer])[] };

export type Method = {
  /** The capability that must be in `using`. */
  readonly capability: string;
  readonly run: (args: JsonObject, call: Call) => Promise<Answer> | Answer;
};

/** A method from the shape of its arguments and what it does with them. */
export function method<T>(
  capability: string,
  shape: Shape<T>,
  run: (args: T, call: Call, account: AccountId) => Promise<Answer> | Answer,
  /** "shared", "books", "sending": the method looks at `call.access`, `call.books` or `call.sending`, and so may be called for accounts of which others share that. */
  forWhom: "own" | "shared" | "books" | "sending" = "own",
): Method {
  return {
    capability,
    run: async (args, call) => {
      const checked = shape(args, "");
      if (checked instanceof Mismatch)
        return failed("invalidArguments", sayMismatch(checked), { pointer: checked.pointer });
      const named = (checked as { readonly accountId?: unknown }).accountId;
      const account = typeof named === "string" ? numberOf("A", named) : call.account.id;
      if (account === call.account.id) return run(checked, { ...call, access: ownAccess }, account);
      const notFound = failed("accountNotFound", `There is no account "${named}" for you.`);
      if (account === undefined) return notFound;
      const { store } = call.ports;
      const access = await accessTo(store, call.account.id, account);
      if (forWhom === "shared" && access !== undefined) return run(checked, { ...call, access }, account);
      const sending =
        forWhom === "sending" && access !== undefined
          ? await sendingFrom(call.ports, call.account, account)
          : undefined;
      if (access !== undefined && sending !== undefined) return run(checked, { ...call, access, sending }, account);
      const books = (await booksSharedWith(store, call.account.id)).get(account);
      if (forWhom === "books" && books !== undefined)
        return run(checked, { ...call, access: new Access([]), books }, account);
      if (access === undefined && books === undefined) return notFound;
      return failed("accountNotSupportedByMethod", "Its owner has shared nothing with you that this method is for.");
    },
  };
}

/** The id behind an id or "#creation id"; undefined where nothing was created under it. */
export function createdId(call: Pick<Call, "created">, id: string): string | undefined {
  return id.startsWith("#") ? call.created.get(id.slice(1)) : id;
}

export async function runRequest(
  request: JmapRequest,
  methods: ReadonlyMap<string, Method>,
  call: Omit<Call, "using" | "created" | "access" | "room">,
): Promise<{ readonly methodResponses: readonly Invocation[]; readonly createdIds?: JsonObject }> {
  const using = new Set(request.using);
  const created = new Map(Object.entries(request.createdIds ?? {}));
  const room = new Room();
  const responses: Invocation[] = [];
  for (const [name, args, callId] of request.methodCalls) {
    const answers = await runOne(name, args, responses, methods, {
      ...call,
      access: ownAccess,
      using,
      created,
      room,
    });
    for (const [answered, answer] of answers) {
      responses.push("error" in answer ? ["error", answer.error, callId] : [answered, answer.ok, callId]);
      if ("ok" in answer) room.takeAnswer(answer.ok);
    }
  }
  return request.createdIds === undefined
    ? { methodResponses: responses }
    : { methodResponses: responses, createdIds: Object.fromEntries(created) };
}

async function runOne(
  name: string,
  args: JsonObject,
  responses: readonly Invocation[],
  methods: ReadonlyMap<string, Method>,
  call: Call,
): Promise<readonly (readonly [string, Answer])[]> {
  const known = methods.get(name);
  if (known === undefined) return [[name, failed("unknownMethod", `There is no method ${name.slice(0, 100)}.`)]];
  if (!call.using.has(known.capability))
    return [[name, failed("unknownMethod", `${name} needs "${known.capability}" in "using".`)]];
  if (call.room.chars < 0)
    return [
      [name, failed("requestTooLarge", "The answers of this request are too large together: ask for less at once.")],
    ];
  const resolved = resolveReferences(args, responses);
  if ("error" in resolved) return [[name, resolved]];
  try {
    const answer = await known.run(resolved.ok, call);
    if ("error" in answer) return [[name, answer]];
    return [[name, answer] as const, ...(answer.also ?? [])].map(([method, one]) => [
      method,
      "error" in one ? one : { ok: setAnswer(method, one.ok, (id) => createdId(call, id)) },
    ]);
  } catch (error) {
    call.ports.log.error({ error, method: name, account: call.account.name }, "JMAP method failed");
    const kind = (error as { readonly kind?: unknown }).kind;
    if (isDiskFull(error)) return [[name, failed("serverUnavailable", diskFullSentence, { problem: diskFullType })]];
    // RFC 8620 §3.6.2: what may pass is told apart from what will not.
    return [
      [
        name,
        kind === "unavailable"
          ? failed("serverUnavailable")
          : failed("serverFail", "The server could not do it; its log says why."),
      ],
    ];
  }
}
