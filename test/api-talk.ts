/** A client of the REST API by hand. */
import assert from "node:assert/strict";

// biome-ignore lint/suspicious/noExplicitAny: answers are what the test says they are.
export type Any = any;

export type Said = {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Any;
};

/** The OpenAPI files of servers, once one of their requests was refused. */
const descriptions: { [origin: string]: Promise<Any> } = {};

export class ApiTalk {
  readonly origin: string;
  readonly headers: { readonly [name: string]: string };

  /** With a name and a password, a bearer token, or nothing. */
  constructor(origin: string, who?: { readonly user: string; readonly password: string } | { readonly token: string }) {
    this.origin = origin;
    this.headers =
      who === undefined
        ? {}
        : {
            authorization:
              "token" in who
                ? `Bearer ${who.token}`
                : `Basic ${Buffer.from(`${who.user}:${who.password}`).toString("base64")}`,
          };
  }

  async ask(
    method: string,
    path: string,
    body?: unknown,
    headers: { readonly [name: string]: string } = {},
  ): Promise<Said> {
    const response = await fetch(`${this.origin}/api/v1${path}`, {
      method,
      headers: {
        ...this.headers,
        ...(body === undefined ? {} : { "content-type": "application/json" }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: typeof body === "string" ? body : JSON.stringify(body) }),
    });
    const text = await response.text();
    const json = /json/.test(response.headers.get("content-type") ?? "") && text !== "";
    const said = { status: response.status, headers: response.headers, body: json ? JSON.parse(text) : text };
    if (said.status >= 400) await this.#isDescribed(method, path, said);
    return said;
  }

  /** Whatever a request is refused with in any test, its OpenAPI file says that it may be. */
  async #isDescribed(method: string, path: string, { status, body }: Said): Promise<void> {
    descriptions[this.origin] ??= fetch(`${this.origin}/api/v1/openapi.json`).then((got) => got.json() as Promise<Any>);
    const { paths, components } = await descriptions[this.origin];
    const parts = path.split("?", 1)[0]!.split("/");
    const fits = Object.keys(paths)
      .filter((one) => {
        const wanted = one.split("/");
        return wanted.length === parts.length && wanted.every((part, at) => part[0] === "{" || part === parts[at]);
      })
      // What is spelled out goes before what is open.
      .sort((one, other) => one.split("{").length - other.split("{").length);
    const operation = paths[fits.find((one) => method.toLowerCase() in paths[one]) ?? ""]?.[method.toLowerCase()];
    if (operation === undefined) return;
    const name = operation.responses[status]?.$ref?.split("/").at(-1);
    const schema = components.responses[name]?.content["application/problem+json"].schema;
    const codes: readonly string[] = schema?.allOf[1].properties.code.enum ?? [];
    assert.ok(
      codes.includes(body.code),
      `${method} ${path} is said to answer ${codes}, and not ${JSON.stringify(body)}`,
    );
  }

  get = (path: string, headers?: { readonly [name: string]: string }) => this.ask("GET", path, undefined, headers);

  /** Must succeed; answers the body. */
  async ok(method: string, path: string, body?: unknown, headers?: { readonly [name: string]: string }): Promise<Any> {
    const said = await this.ask(method, path, body, headers);
    assert.ok(said.status < 300, `${method} ${path}: ${said.status} ${JSON.stringify(said.body)}`);
    return said.body;
  }

  /** Must be refused with this status; answers the problem. */
  async no(
    status: number,
    method: string,
    path: string,
    body?: unknown,
    headers?: { readonly [name: string]: string },
  ): Promise<Any> {
    const said = await this.ask(method, path, body, headers);
    assert.equal(said.status, status, `${method} ${path}: ${said.status} ${JSON.stringify(said.body)}`);
    assert.match(said.headers.get("content-type") ?? "", /^application\/problem\+json/);
    assert.equal(said.body.status, status);
    return said.body;
  }
}
