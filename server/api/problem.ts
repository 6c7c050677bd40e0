/** What is wrong with a request, as RFC 9457 tells it. */
import type { z } from "zod";
import { isOtherKind } from "./sentences.ts";

/** One wrong field: a JSON pointer into the body (RFC 6901, as a URI fragment), or the name of a parameter. */
export type FieldProblem = {
  readonly detail: string;
  readonly pointer?: string;
  readonly parameter?: string;
};

/** Every kind of problem: its status, and when it is met. A kind does not change, as sentences may. */
export const kinds = {
  parameters: [400, "A parameter of the URL is wrong, unknown, or there twice: `errors` names it."],
  url: [400, "The URL is none: its percent-encoding is wrong."],
  json: [400, "The body is no JSON, or holds too many values."],
  body: [400, "There is a body where none is wanted, or it broke off."],
  "idempotency-key": [400, "The Idempotency-Key is none."],
  login: [401, "Nobody is logged in, or not any more."],
  forbidden: [403, "It is for others, or the token is not made for it."],
  refused: [403, "The session of our own pages was used by another site, or an app password is not made for this."],
  "not-found": [404, "There is no such thing, or it is not yours to see."],
  method: [405, "Another method is wanted here: `Allow` names them."],
  conflict: [409, "It does not go together with what there is."],
  "invalid-idempotent-request": [409, "The Idempotency-Key was used for another request."],
  "concurrent-idempotent-requests": [409, "A request with this Idempotency-Key is under way."],
  host: [421, "The server does not go by the name in Host."],
  "if-match": [412, "It has changed since the ETag in If-Match was read."],
  "too-large": [413, "The body has more bytes than may be sent here."],
  "media-type": [415, "The body is to be JSON."],
  validation: [422, "Fields of the body are wrong: `errors` points to each."],
  rejected: [422, "None of the recipients can get it: `errors` says why."],
  rate: [429, "That was too much at once: `Retry-After` says how long to wait."],
  "idempotency-full": [429, "Too many Idempotency-Keys were used in a day."],
  "disk-full": [507, "The server's disk is full, and nothing was kept: try again when there is room."],
  "server-error": [500, "The server could not do it; its log says why."],
  busy: [503, "Too many large requests at once: `Retry-After` says how long to wait."],
  unavailable: [503, "Who asks cannot be looked up at the moment."],
  dns: [503, "DNS cannot be asked here."],
  "not-running": [503, "No server runs beside this one."],
  "sending-off": [503, "Sending at volume is switched off."],
} as const satisfies { readonly [kind: string]: readonly [status: number, when: string] };

export type Kind = keyof typeof kinds;

export class Problem<K extends Kind = Kind> {
  readonly kind: K;
  readonly detail: string;
  readonly errors: readonly FieldProblem[];
  readonly headers: { readonly [name: string]: string };

  constructor(
    kind: K,
    detail: string,
    errors: readonly FieldProblem[] = [],
    headers: { readonly [name: string]: string } = {},
  ) {
    this.kind = kind;
    this.detail = detail;
    this.errors = errors;
    this.headers = headers;
  }

  get status(): number {
    return kinds[this.kind][0];
  }

  toJSON(): object {
    const { status, kind, detail, errors } = this;
    return {
      type: `urn:angarium:problem:${kind}`,
      code: codeOf(kind),
      title: titles[status] ?? "Problem",
      status,
      detail,
      ...(errors.length === 0 ? {} : { errors }),
    };
  }
}

/** The same for programs that would rather compare words. */
export const codeOf = (kind: Kind): string => kind.replaceAll("-", "_");

export const titles: { readonly [status: number]: string } = {
  400: "Bad request",
  401: "Log in first",
  403: "Not allowed",
  404: "Not found",
  405: "Method not allowed",
  409: "Conflict",
  412: "Changed meanwhile",
  413: "Too large",
  415: "Unknown media type",
  421: "Wrong host",
  422: "Something is wrong with what was sent",
  429: "Too many requests",
  500: "Server error",
  503: "Not now",
  507: "No room",
};

export const notFound = (detail = "There is no such thing, or it is not yours to see."): Problem<"not-found"> =>
  new Problem("not-found", detail);
export const forbidden = (detail: string): Problem<"forbidden"> => new Problem("forbidden", detail);
export const conflict = (detail: string): Problem<"conflict"> => new Problem("conflict", detail);
/** A field of the body that the schema takes and the server does not: `pointer` like "/name". */
export const wrongField = (pointer: string, detail: string): Problem<"validation"> =>
  new Problem("validation", detail, [{ pointer: `#${pointer}`, detail }]);

/** All that a schema found wrong with a body, or with what stands `below` a place in it ("/emails/3"). */
export const wrongFields = (error: z.ZodError, below = ""): readonly FieldProblem[] =>
  issuesOf(error, "field").map(({ path, detail }) => ({ pointer: `#${below}${path.map(token).join("")}`, detail }));

export const wrongBody = (error: z.ZodError): Problem<"validation"> => manyWrong(wrongFields(error));
export const manyWrong = (errors: readonly FieldProblem[]): Problem<"validation"> =>
  new Problem("validation", summary(errors), errors);

/** A parameter of the URL that the schema takes and the server does not. */
export const wrongParameter = (parameter: string, detail: string): Problem<"parameters"> =>
  new Problem("parameters", detail, [{ parameter, detail }]);

/** All that a schema found wrong with the parameters of the URL. */
export function wrongParameters(error: z.ZodError): Problem<"parameters"> {
  const errors = issuesOf(error, "parameter").map(({ path, detail }) => ({ parameter: String(path[0] ?? ""), detail }));
  return new Problem("parameters", summary(errors), errors);
}

const maxErrors = 50;

function issuesOf(
  error: z.ZodError,
  what: string,
): { readonly path: readonly PropertyKey[]; readonly detail: string }[] {
  return error.issues
    .flatMap(withinUnion)
    .flatMap((issue) =>
      issue.code === "unrecognized_keys"
        ? issue.keys.map((key) => ({
            path: [...issue.path, key],
            detail: `There is no ${what} ${key.slice(0, 100)} here.`,
          }))
        : [{ path: issue.path, detail: sentence(issue.message) }],
    )
    .slice(0, maxErrors);
}

/** Of a value that may have several forms: what is wrong with it in the one form that it has. */
function withinUnion(issue: z.core.$ZodIssue): readonly z.core.$ZodIssue[] {
  if (issue.code !== "invalid_union") return [issue];
  const meant = issue.errors.filter((issues) => !issues.some(isOtherKind));
  if (meant.length !== 1) return [issue];
  return meant[0]!.map((one) => ({ ...one, path: [...issue.path, ...one.path] })).flatMap(withinUnion);
}

const sentence = (text: string): string => (/[.!?]$/.test(text) ? text : `${text}.`);
/** A part of a JSON pointer, as it stands in a URI fragment (RFC 6901 §6): `~`, `/` and what no fragment may hold are escaped. */
export const token = (part: PropertyKey): string =>
  `/${encodeURI(String(part).toWellFormed().replaceAll("~", "~0").replaceAll("/", "~1")).replaceAll("#", "%23")}`;
const summary = (errors: readonly FieldProblem[]): string =>
  errors.length === 1 ? (errors[0]?.detail ?? "") : `${errors.length} fields are wrong.`;
