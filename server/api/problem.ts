/** What is wrong with a request, as RFC 9457 tells it. */
import type { z } from "zod";

/** One wrong field: a JSON pointer into the body (RFC 6901, as a URI fragment), or the name of a parameter. */
export type FieldProblem = {
  readonly detail: string;
  readonly pointer?: string;
  readonly parameter?: string;
};

export class Problem {
  readonly status: number;
  readonly kind: string;
  readonly detail: string;
  readonly errors: readonly FieldProblem[];
  readonly headers: { readonly [name: string]: string };

  constructor(
    status: number,
    kind: string,
    detail: string,
    errors: readonly FieldProblem[] = [],
    headers: { readonly [name: string]: string } = {},
  ) {
    this.status = status;
    this.kind = kind;
    this.detail = detail;
    this.errors = errors;
    this.headers = headers;
  }

  toJSON(): object {
    const { status, kind, detail, errors } = this;
    return {
      type: `urn:angarium:problem:${kind}`,
      // The same for programs that would rather compare words.
      code: kind.replaceAll("-", "_"),
      title: titles[status] ?? "Problem",
      status,
      detail,
      ...(errors.length === 0 ? {} : { errors }),
    };
  }
}

const titles: { readonly [status: number]: string } = {
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

export const notFound = (detail = "There is no such thing, or it is not yours to see."): Problem =>
  new Problem(404, "not-found", detail);
export const forbidden = (detail: string): Problem => new Problem(403, "forbidden", detail);
export const conflict = (detail: string): Problem => new Problem(409, "conflict", detail);
/** A field of the body that the schema takes and the server does not: `pointer` like "/name". */
export const wrongField = (pointer: string, detail: string): Problem =>
  new Problem(422, "validation", detail, [{ pointer: `#${pointer}`, detail }]);

/** All that a schema found wrong with a body. */
export function wrongBody(error: z.ZodError): Problem {
  const errors = issuesOf(error, "field").map(({ path, detail }) => ({
    pointer: `#${path.map(token).join("")}`,
    detail,
  }));
  return new Problem(422, "validation", summary(errors), errors);
}

/** A parameter of the URL that the schema takes and the server does not. */
export const wrongParameter = (parameter: string, detail: string): Problem =>
  new Problem(400, "parameters", detail, [{ parameter, detail }]);

/** All that a schema found wrong with the parameters of the URL. */
export function wrongParameters(error: z.ZodError): Problem {
  const errors = issuesOf(error, "parameter").map(({ path, detail }) => ({ parameter: String(path[0] ?? ""), detail }));
  return new Problem(400, "parameters", summary(errors), errors);
}

const maxErrors = 50;

function issuesOf(
  error: z.ZodError,
  what: string,
): { readonly path: readonly PropertyKey[]; readonly detail: string }[] {
  return error.issues
    .flatMap((issue) =>
      issue.code === "unrecognized_keys"
        ? issue.keys.map((key) => ({ path: [...issue.path, key], detail: `There is no such ${what}.` }))
        : [{ path: issue.path, detail: sentence(issue.message) }],
    )
    .slice(0, maxErrors);
}

const sentence = (text: string): string => (/[.!?]$/.test(text) ? text : `${text}.`);
/** A part of a JSON pointer. */
export const token = (part: PropertyKey): string => `/${String(part).replaceAll("~", "~0").replaceAll("/", "~1")}`;
const summary = (errors: readonly FieldProblem[]): string =>
  errors.length === 1 ? (errors[0]?.detail ?? "") : `${errors.length} fields are wrong.`;
