/** A JMAP client by hand: requests as they stand in the RFCs, answers by call id. */
import assert from "node:assert/strict";

// biome-ignore lint/suspicious/noExplicitAny: answers are what the test says they are.
export type Any = any;

export const all = [
  "core",
  "mail",
  "submission",
  "vacationresponse",
  "blob",
  "quota",
  "mdn",
  "sieve",
  "contacts",
  "principals",
].map((name) => `urn:ietf:params:jmap:${name}`);

export class JmapTalk {
  readonly origin: string;
  readonly authorization: string;
  session: Any;
  accountId = "";

  constructor(origin: string, user: string, password: string) {
    this.origin = origin;
    this.authorization = `Basic ${Buffer.from(`${user}:${password}`).toString("base64")}`;
  }

  async open(): Promise<this> {
    const response = await this.fetch("/.well-known/jmap");
    assert.equal(response.status, 200);
    this.session = await response.json();
    this.accountId = this.session.primaryAccounts["urn:ietf:params:jmap:mail"];
    return this;
  }

  fetch(path: string, init: RequestInit = {}): Promise<Response> {
    const url = path.startsWith("http") ? path : this.origin + path;
    return fetch(url, { ...init, headers: { authorization: this.authorization, ...init.headers } });
  }

  async post(body: unknown, headers: { readonly [name: string]: string } = {}): Promise<Response> {
    return this.fetch(this.session.apiUrl, {
      method: "POST",
      headers: { "content-type": "application/json", ...headers },
      body: typeof body === "string" || body instanceof Uint8Array ? (body as string) : JSON.stringify(body),
    });
  }

  /** All answers, in order. */
  async calls(...methodCalls: readonly [string, Any, string?][]): Promise<readonly [string, Any, string][]> {
    const filled = methodCalls.map(([name, args, id], i) => [
      name,
      "accountId" in args || name === "Core/echo" ? args : { accountId: this.accountId, ...args },
      id ?? `c${i}`,
    ]);
    const response = await this.post({
      using: all.filter((name) => name in this.session.capabilities),
      methodCalls: filled,
    });
    const text = await response.text();
    assert.equal(response.status, 200, text);
    return JSON.parse(text).methodResponses;
  }

  /** The answer to one call, which must not be an error. */
  async call(name: string, args: Any = {}): Promise<Any> {
    const [answer] = await this.calls([name, args]);
    assert.equal(answer?.[0], name, JSON.stringify(answer));
    return answer?.[1];
  }

  /** The error of one call. */
  async error(name: string, args: Any = {}): Promise<Any> {
    const [answer] = await this.calls([name, args]);
    assert.equal(answer?.[0], "error", JSON.stringify(answer));
    return answer?.[1];
  }

  async upload(bytes: string | Uint8Array, type = "application/octet-stream"): Promise<Any> {
    const response = await this.fetch(this.session.uploadUrl.replace("{accountId}", this.accountId), {
      method: "POST",
      headers: { "content-type": type },
      body: bytes as string,
    });
    assert.equal(response.status, 201);
    return response.json();
  }

  download(
    blobId: string,
    type = "application/octet-stream",
    name = "file",
    headers: { [name: string]: string } = {},
  ): Promise<Response> {
    return this.fetch(
      this.session.downloadUrl
        .replace("{accountId}", this.accountId)
        .replace("{blobId}", blobId)
        .replace("{name}", encodeURIComponent(name))
        .replace("{type}", encodeURIComponent(type)),
      { headers },
    );
  }

  /** The id of the mailbox with a role. */
  async mailbox(role: string): Promise<string> {
    const { ids } = await this.call("Mailbox/query", { filter: { role } });
    return ids[0];
  }

  /** Imports a message and answers its id. */
  async import(raw: string | Uint8Array, more: Any = {}): Promise<string> {
    const { blobId } = await this.upload(raw, "message/rfc822");
    const mailboxIds = more.mailboxIds ?? { [await this.mailbox("inbox")]: true };
    const { created, notCreated } = await this.call("Email/import", { emails: { e: { blobId, ...more, mailboxIds } } });
    assert.equal(notCreated, null);
    return created.e.id;
  }
}
