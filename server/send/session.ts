/** An SMTP or LMTP session as a client: from the greeting to the point where mail may be sent. */
import type { ConnectionOptions } from "node:tls";
import { chooseMechanism, saslClient } from "../../protocol/sasl/client.ts";
import { type Capabilities, capabilitiesOf, noCapabilities } from "../../protocol/smtp/capabilities.ts";
import { type Reply, type ReplyFault, ReplyParser, reply } from "../../protocol/smtp/reply.ts";
import type { Connection, ReadEnd } from "../net/connection.ts";
import { dial, dialThrough } from "./dial.ts";
import { type Host, type Path, policyFor } from "./site.ts";
import {
  afterEhlo,
  judgeTls,
  mayGoInTheClear,
  startTlsNotOffered,
  type TlsPolicy,
  type TlsResult,
  withoutTls,
} from "./tls-policy.ts";

export type SessionSettings = {
  readonly connectTimeoutMs: number;
  readonly tlsTimeoutMs: number;
  /** RFC 5321 §4.5.3.2, minimum times to wait for a server. */
  readonly greetingTimeoutMs: number;
  readonly ehloTimeoutMs: number;
  readonly mailTimeoutMs: number;
  readonly rcptTimeoutMs: number;
  readonly dataTimeoutMs: number;
  readonly bodyTimeoutMs: number;
  readonly endTimeoutMs: number;
  /** How long an address whose STARTTLS failed is spoken to in the clear at once, where the policy allows that. */
  readonly brokenTlsMs: number;
};
export const defaultSessionSettings: SessionSettings = {
  connectTimeoutMs: 30_000,
  tlsTimeoutMs: 30_000,
  greetingTimeoutMs: 300_000,
  ehloTimeoutMs: 300_000,
  mailTimeoutMs: 300_000,
  rcptTimeoutMs: 300_000,
  dataTimeoutMs: 120_000,
  bodyTimeoutMs: 180_000,
  endTimeoutMs: 600_000,
  brokenTlsMs: 3_600_000,
};

export type SessionAsk = {
  readonly settings: SessionSettings;
  /** Our name in EHLO. */
  readonly ourHost: string;
  /** Extra trust anchors and the like for TLS. */
  readonly tls: Pick<ConnectionOptions, "ca" | "minVersion" | "secureContext" | "cert" | "key">;
  /** For SCRAM: a new one each time. */
  readonly nonce: () => string;
  readonly brokenTls: BrokenTls;
  /** Milliseconds that never jump. */
  readonly monotonic: () => number;
  /** Milliseconds since 1970, for the dates of certificates. */
  readonly now: () => number;
  /** Told of each connection to a host of a domain whose TLS policies count. */
  readonly tlsResults: {
    connected(domain: string, host: Host, address: string, from: string, results: readonly TlsResult[]): void;
  };
};

/** Why no session came about. `reply` is the server's (then `fromServer`) or our own words. */
export type OpenFailure = {
  readonly kind: "failure";
  readonly stage: "connect" | "greeting" | "ehlo" | "tls" | "auth";
  readonly host: string;
  readonly address: string;
  readonly reply: Reply;
  readonly fromServer: boolean;
};

/** An open session; `converse.ts` sends mail over it. */
export type Session = {
  readonly kind: "session";
  readonly connection: Connection;
  readonly parser: ReplyParser;
  readonly capabilities: Capabilities;
  readonly host: string;
  readonly address: string;
  readonly port: number;
  /** "TLSv1.3, certificate verified by DANE (3 1 1)" or "none". */
  readonly tls: string;
};

/** Addresses whose STARTTLS failed lately. */
export class BrokenTls {
  readonly #until = new Map<string, number>();
  static readonly maxAddresses = 10_000;

  add(address: string, until: number): void {
    if (this.#until.size >= BrokenTls.maxAddresses) this.#until.delete(this.#until.keys().next().value!);
    this.#until.set(address, until);
  }

  has(address: string, now: number): boolean {
    const until = this.#until.get(address);
    if (until === undefined) return false;
    if (now < until) return true;
    this.#until.delete(address);
    return false;
  }
}

/** Connects to one address of a host and goes through greeting, EHLO, STARTTLS and AUTH as the path's policy wants. */
export async function openSession(
  path: Path,
  host: Host,
  address: string,
  ask: SessionAsk,
): Promise<Session | OpenFailure> {
  const broken = ask.brokenTls.has(address, ask.monotonic());
  const first = await new Opening(path, host, address, ask).open(broken);
  if (first !== "tls-broken") return first;
  ask.brokenTls.add(address, ask.monotonic() + ask.settings.brokenTlsMs);
  const second = await new Opening(path, host, address, ask).open(true);
  if (second === "tls-broken") throw new Error("STARTTLS was tried although it was known to be broken");
  return second;
}

class Opening {
  readonly #path: Path;
  readonly #host: Host;
  readonly #address: string;
  readonly #ask: SessionAsk;
  readonly #policy: TlsPolicy;
  #parser = new ReplyParser();
  #described = "none";
  #from = "";

  constructor(path: Path, host: Host, address: string, ask: SessionAsk) {
    this.#path = path;
    this.#host = host;
    this.#policy = policyFor(path, host);
    this.#address = address;
    this.#ask = ask;
  }

  async open(tlsBroken: boolean): Promise<Session | OpenFailure | "tls-broken"> {
    const { settings } = this.#ask;
    const { source, egress } = this.#path;
    const from = source === "" ? undefined : source;
    const { port } = this.#host;
    const connection =
      egress === undefined || egress.proxy === ""
        ? await dial(this.#address, port, settings.connectTimeoutMs, from)
        : await dialThrough(egress, this.#address, port, settings.connectTimeoutMs, this.#ask.tls);
    if (typeof connection === "string")
      return this.#ours("connect", "4.4.1", `No connection to ${this.#named}: ${saidOf(connection, from)}`);
    this.#from = connection.local.address;
    const opened = await this.#greet(connection, tlsBroken);
    if (opened === "tls-broken" || opened.kind === "failure") connection.destroy();
    return opened;
  }

  get #named(): string {
    return this.#host.name === this.#address ? this.#address : `${this.#host.name} [${this.#address}]`;
  }

  async #greet(connection: Connection, tlsBroken: boolean): Promise<Session | OpenFailure | "tls-broken"> {
    const { settings } = this.#ask;
    const policy = this.#policy;
    if (policy.mode === "implicit") {
      const failure = await this.#secure(connection);
      if (failure !== undefined) return failure;
    }
    connection.setTimeout(settings.greetingTimeoutMs);
    const greeting = await this.#reply(connection);
    if (isFailure(greeting)) return this.#silent("greeting", greeting);
    if (greeting.code !== 220) return this.#theirs("greeting", greeting);
    let capabilities = await this.#hello(connection);
    if ("kind" in capabilities) return capabilities;
    const step = afterEhlo(policy, capabilities.startTls, tlsBroken);
    if (!capabilities.startTls) this.#tell(withoutTls(policy, startTlsNotOffered));
    if (typeof step === "object") return this.#ours("tls", "4.7.10", step.refuse);
    if (step === "starttls") {
      connection.write("STARTTLS\r\n");
      const answer = await this.#reply(connection);
      const injected = this.#parser.pending || connection.unreadBytes > 0;
      if (isFailure(answer) || answer.code !== 220) {
        this.#tell(withoutTls(policy, { result: "starttls-not-supported", why: "STARTTLS was refused" }));
        if (mayGoInTheClear(policy)) return "tls-broken";
        return isFailure(answer) ? this.#silent("tls", answer) : this.#theirs("tls", answer);
      }
      // CVE-2011-0411 and its kin: what came with the 220 was sent in the clear, by anybody.
      if (injected) return this.#ours("tls", "4.7.0", `${this.#named} sent more than its answer to STARTTLS`);
      const failure = await this.#secure(connection);
      if (failure !== undefined) return mayGoInTheClear(policy) ? "tls-broken" : failure;
      // RFC 3207 §4.2: forget everything learnt in the clear.
      capabilities = await this.#hello(connection);
      if ("kind" in capabilities) return capabilities;
    }
    const refused = await this.#authenticate(connection, capabilities);
    if (refused !== undefined) return refused;
    return {
      kind: "session",
      connection,
      parser: this.#parser,
      capabilities,
      host: this.#host.name,
      address: this.#address,
      port: this.#host.port,
      tls: this.#described,
    };
  }

  /** EHLO, then HELO for a server that knows no EHLO (RFC 5321 §3.2); LHLO has no such older sister. */
  async #hello(connection: Connection): Promise<Capabilities | OpenFailure> {
    connection.setTimeout(this.#ask.settings.ehloTimeoutMs);
    const lmtp = this.#path.protocol === "lmtp";
    const ourHost = this.#path.egress?.ehlo || this.#ask.ourHost;
    connection.write(`${lmtp ? "LHLO" : "EHLO"} ${ourHost}\r\n`);
    const answer = await this.#reply(connection);
    if (isFailure(answer)) return this.#silent("ehlo", answer);
    if (answer.code === 250) return capabilitiesOf(answer);
    if (lmtp || answer.code < 500) return this.#theirs("ehlo", answer);
    connection.write(`HELO ${ourHost}\r\n`);
    const second = await this.#reply(connection);
    if (isFailure(second)) return this.#silent("ehlo", second);
    return second.code === 250 ? noCapabilities : this.#theirs("ehlo", second);
  }

  async #secure(connection: Connection): Promise<OpenFailure | undefined> {
    const policy = this.#policy;
    // RFC 7672 §8.1: a server with several certificates shows the one that its TLSA records are of.
    const name = policy.dane?.base ?? this.#host.name;
    const isName = name !== this.#address;
    const done = await connection.connectTls(
      // Node checks the certificate against `host`; `servername` goes on the wire and must not be an address (RFC 6066 §3).
      { minVersion: "TLSv1.2", ...this.#ask.tls, host: name, ...(isName ? { servername: name } : {}) },
      this.#ask.settings.tlsTimeoutMs,
    );
    this.#parser = new ReplyParser();
    const { tls } = connection;
    if (!done || tls === undefined) {
      const error: NodeJS.ErrnoException | undefined = connection.failure;
      const why = `the handshake failed: ${error?.code ?? error?.message ?? "closed"}`;
      this.#tell(withoutTls(policy, { result: "validation-failure", why }));
      return this.#ours("tls", "4.7.5", `TLS with ${this.#named}: ${why}`);
    }
    const judged = judgeTls(policy, tls, () => connection.peerCertificates(), this.#ask.now());
    this.#described = judged.described;
    this.#tell(judged.results);
    return judged.refuse === undefined
      ? undefined
      : this.#ours("tls", "4.7.5", `TLS with ${this.#named}: ${judged.refuse}`);
  }

  #tell(results: readonly TlsResult[]): void {
    const { domain } = this.#path;
    if (domain !== undefined && results.length > 0)
      this.#ask.tlsResults.connected(domain, this.#host, this.#address, this.#from, results);
  }

  async #authenticate(connection: Connection, capabilities: Capabilities): Promise<OpenFailure | undefined> {
    const { auth } = this.#path;
    if (auth === undefined) return undefined;
    if (connection.tls === undefined && !auth.cleartext)
      return this.#ours("auth", "4.7.11", `The route's password is not sent to ${this.#named} without TLS`);
    const binding = connection.channelBinding("tls-exporter");
    const mechanism = chooseMechanism(capabilities.auth, binding !== undefined);
    if (mechanism === undefined)
      return this.#ours("auth", "4.7.0", `${this.#named} offers no AUTH mechanism that we know`);
    const client = saslClient(mechanism, {
      user: auth.user,
      password: auth.password,
      nonce: this.#ask.nonce(),
      ...(binding === undefined ? {} : { binding }),
    });
    // RFC 4954 §4: "=" is an empty initial response; the line is bounded by 12288 octets.
    const initial = client.initial === undefined ? "" : ` ${client.initial.toString("base64") || "="}`;
    connection.write(`AUTH ${mechanism}${initial}\r\n`);
    for (let step = 0; step < maxAuthSteps; step++) {
      const answer = await this.#reply(connection);
      if (isFailure(answer)) return this.#silent("auth", answer);
      if (answer.code === 235)
        return client.mayBelieve()
          ? undefined
          : this.#ours("auth", "4.7.0", `${this.#named} accepted the login without proving that it knows the password`);
      if (answer.code !== 334) return this.#theirs("auth", answer);
      const next = await client.next(Buffer.from(answer.lines[0] ?? "", "base64"));
      if (next.kind === "stop") return this.#ours("auth", "4.7.0", `AUTH with ${this.#named}: ${next.reason}`);
      connection.write(`${next.data.toString("base64")}\r\n`);
    }
    return this.#ours("auth", "4.7.0", `${this.#named} asks without end during AUTH`);
  }

  async #reply(connection: Connection): Promise<Reply | ReplyFault | ReadEnd> {
    for (;;) {
      const next = this.#parser.next();
      if (next !== undefined) return next;
      const chunk = await connection.read();
      if (typeof chunk === "string") return chunk;
      this.#parser.push(chunk);
    }
  }

  #ours(stage: OpenFailure["stage"], enhanced: string, text: string): OpenFailure {
    return this.#failure(stage, reply(451, enhanced, text), false);
  }

  #theirs(stage: OpenFailure["stage"], reply: Reply): OpenFailure {
    return this.#failure(stage, reply, true);
  }

  #silent(stage: OpenFailure["stage"], end: ReplyFault | ReadEnd): OpenFailure {
    const what =
      end === "closed" ? "closed the connection" : end === "timeout" ? "was silent too long" : `sent nonsense (${end})`;
    const at = { connect: "connecting", greeting: "the greeting", ehlo: "EHLO", tls: "STARTTLS", auth: "AUTH" }[stage];
    return this.#ours(
      stage,
      end === "closed" || end === "timeout" ? "4.4.2" : "4.5.0",
      `${this.#named} ${what} at ${at}`,
    );
  }

  #failure(stage: OpenFailure["stage"], reply: Reply, fromServer: boolean): OpenFailure {
    return { kind: "failure", stage, host: this.#host.name, address: this.#address, reply, fromServer };
  }
}

const maxAuthSteps = 8;

/** Why there is no connection; that an address to send from is not ours is for whoever configured it. */
function saidOf(code: string, from: string | undefined): string {
  return code === "EADDRNOTAVAIL" && from !== undefined ? `this machine has no address ${from} to send from` : code;
}

function isFailure(answer: Reply | ReplyFault | ReadEnd): answer is ReplyFault | ReadEnd {
  return typeof answer === "string";
}
