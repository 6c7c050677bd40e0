/** A JMAP client over fetch (RFC 8620): the session, requests, uploads, downloads. Failures are thrown as Trouble. */
import { Trouble, troubleOf } from "./trouble.ts";
import { type Id, type Session, urn } from "./types.ts";

export type Call = readonly [method: string, args: { readonly [name: string]: unknown }, id?: string];
// biome-ignore lint/suspicious/noExplicitAny: the caller knows what it has asked for.
export type Answer = any;

const wellKnown = "/.well-known/jmap";
/** What comes within this time is the answer; after it the server is away. */
const patienceMs = 30_000;
const openPatienceMs = 12_000;
const own = { "x-requested-with": "angarium" };

/** What answers where the server does not, and sees every answer it gives: mail that is kept on this device (offline/). */
export type Aside = {
  readonly all: (
    calls: readonly Call[],
    direct: (calls: readonly Call[], patience?: number) => Promise<ReadonlyMap<string, Answer>>,
  ) => Promise<ReadonlyMap<string, Answer>>;
  /** Keeps a file until it can be uploaded; answers the id it goes by until then. */
  readonly keepFile: (file: Blob) => Promise<Id>;
  readonly file: (blobId: Id) => Promise<Blob | undefined>;
};

function troubleOfStatus(status: number, body: { readonly type?: string; readonly detail?: string }): Trouble {
  const detail = body.detail ?? "";
  if (status === 401) return new Trouble("ended", detail);
  if (status === 413) return new Trouble("large", detail);
  if (status === 507) return new Trouble("quota", detail);
  if (status === 429 || status === 503) return new Trouble("busy", detail);
  if (status >= 500) return new Trouble("away", detail);
  return new Trouble("refused", detail);
}

async function ask(url: string, init: RequestInit = {}, patience = patienceMs): Promise<Response> {
  let response: Response;
  try {
    response = await fetch(url, {
      ...init,
      headers: { ...own, ...init.headers },
      signal: init.signal ?? AbortSignal.timeout(patience),
    });
  } catch {
    throw new Trouble("away");
  }
  if (response.ok) return response;
  throw troubleOfStatus(response.status, await response.json().catch(() => ({})));
}

export class Client {
  readonly session: Session;
  readonly accountId: Id;
  aside: Aside | undefined;

  constructor(session: Session) {
    this.session = session;
    this.accountId = session.primaryAccounts[urn.mail] ?? Object.keys(session.accounts)[0] ?? "";
  }

  /** Throws Trouble "ended" where nobody is signed in. */
  static async open(): Promise<Client> {
    const response = await ask(wellKnown, {}, openPatienceMs);
    return new Client((await response.json()) as Session);
  }

  has(capability: string): boolean {
    return capability in this.session.capabilities;
  }

  /** A limit of the core capability (RFC 8620 §2). */
  limit(name: string, otherwise: number): number {
    const value = this.session.capabilities[urn.core]?.[name];
    return typeof value === "number" ? value : otherwise;
  }

  /** Runs the calls in one request; answers their arguments by call id ("0", "1", … where none is given). */
  all(calls: readonly Call[]): Promise<ReadonlyMap<string, Answer>> {
    if (this.aside === undefined) return this.direct(calls);
    return this.aside.all(calls, (sent, patience) => this.direct(sent, patience));
  }

  /** Asks the server and nobody else. */
  async direct(calls: readonly Call[], patience = patienceMs): Promise<ReadonlyMap<string, Answer>> {
    const methodCalls = calls.map(([name, args, id], i) => [
      name,
      // RFC 8620 §7.2: subscriptions belong to who is signed in, not to an account.
      name.startsWith("PushSubscription/") ? args : { accountId: this.accountId, ...args },
      id ?? String(i),
    ]);
    const using = Object.values(urn).filter((name) => this.has(name));
    const response = await ask(
      this.session.apiUrl,
      {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ using, methodCalls }),
      },
      patience,
    );
    const { methodResponses } = (await response.json()) as { methodResponses: [string, Answer, string][] };
    const answers = new Map<string, Answer>();
    for (const [name, args, id] of methodResponses) {
      if (name === "error") throw troubleOf(args.type, args.description);
      // RFC 8621 §7.5: implicit Email/set answers come under the same id, after the one that was asked for.
      if (!answers.has(id)) answers.set(id, args);
    }
    return answers;
  }

  /** One call. */
  async one(method: string, args: { readonly [name: string]: unknown }): Promise<Answer> {
    return (await this.all([[method, args, "0"]])).get("0");
  }

  /** A /set that has to succeed for every object: the first refusal is thrown. */
  async set(method: string, args: { readonly [name: string]: unknown }): Promise<Answer> {
    const answer = await this.one(method, args);
    throwRefusal(answer);
    return answer;
  }

  downloadUrl(blobId: Id, name: string, type: string): string {
    const { downloadUrl } = this.session;
    const values: { readonly [name: string]: string } = {
      accountId: this.accountId,
      blobId,
      name: name || "file",
      type,
    };
    return downloadUrl.replace(/\{(\w+)\}/g, (_whole, key: string) => encodeURIComponent(values[key] ?? ""));
  }

  async blob(blobId: Id, type: string): Promise<Blob> {
    const here = await this.aside?.file(blobId);
    if (here !== undefined) return here;
    const response = await ask(this.downloadUrl(blobId, "part", type), {}, 120_000);
    return new Blob([await response.arrayBuffer()], { type });
  }

  async text(blobId: Id): Promise<string> {
    const response = await ask(this.downloadUrl(blobId, "message.eml", "application/octet-stream"), {}, 120_000);
    return response.text();
  }

  uploadUrl(): string {
    return this.session.uploadUrl.replace("{accountId}", encodeURIComponent(this.accountId));
  }

  async upload(bytes: BodyInit, type: string): Promise<{ readonly blobId: Id; readonly size: number }> {
    const response = await ask(
      this.uploadUrl(),
      { method: "POST", headers: { "content-type": type }, body: bytes },
      120_000,
    );
    return (await response.json()) as { blobId: Id; size: number };
  }
}

export function throwRefusal(answer: Answer): void {
  for (const part of ["notCreated", "notUpdated", "notDestroyed"]) {
    const [refused] = Object.values(answer?.[part] ?? {}) as { type: string; description?: string }[];
    if (refused !== undefined) throw troubleOf(refused.type, refused.description);
  }
}

export { troubleOfStatus };
