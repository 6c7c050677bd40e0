/** A client of the REST API by hand. */
import assert from "node:assert/strict";
import { isDescribed } from "./described.ts";

// biome-ignore lint/suspicious/noExplicitAny: answers are what the test says they are.
export type Any = any;

export type Said = {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Any;
};

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
    await isDescribed(this.origin, method, path, typeof body === "string" ? undefined : body, said);
    return said;
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
