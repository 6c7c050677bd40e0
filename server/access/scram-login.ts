/** SCRAM exchanges at the door: the stored verifier or a decoy, channel binding, throttling. */
import { createHmac, randomBytes } from "node:crypto";
import { parseVerifier, type ScramVerifier } from "../../protocol/sasl/scram.ts";
import { beginExchange, finishExchange, readClientFirst } from "../../protocol/sasl/scram-server.ts";
import type { ChannelBinding } from "../net/connection.ts";
import type { LoginParts } from "./authenticate.ts";
import { type AskClient, type LoginContext, type LoginOutcome, refused } from "./login.ts";
import { accountNamed, attemptAt, loginName } from "./login-name.ts";
import { isExpired } from "./proved.ts";
import { isSealed } from "./sealed-passwords.ts";
import { type Attempt, addressKey, type Throttle } from "./throttle.ts";

/** Kept in the store, so that a name nobody has shows the same salt today and after a restart. */
const decoySetting = "login/decoy-key";
const nonceBytes = 24;
const bindingTypes: readonly string[] = ["tls-exporter", "tls-server-end-point"] satisfies ChannelBinding["type"][];

type ScramParts = Pick<LoginParts, "store" | "directory" | "settings" | "endPointHash" | "now" | "sealed"> & {
  readonly throttle: Throttle;
  readonly guessed?: ((attempt: Attempt) => void) | undefined;
};

export class ScramLogin {
  readonly #parts: ScramParts;
  #decoyKey: Promise<Buffer> | undefined;

  constructor(parts: ScramParts) {
    this.#parts = parts;
  }

  /** One exchange. `plusOffered`: the client was told of SCRAM-SHA-256-PLUS. */
  async run(
    plus: boolean,
    plusOffered: boolean,
    initial: Buffer | undefined,
    ask: AskClient,
    where: LoginContext,
  ): Promise<LoginOutcome> {
    const { store, directory, settings, throttle } = this.#parts;
    const message = initial ?? (await ask(Buffer.alloc(0)));
    if (typeof message === "string") return refused(message);
    const first = readClientFirst(message, { plus, plusOffered });
    if (first.kind === "refused") return refused(first.reason === "malformed" ? "malformed" : "credentials");
    const name = loginName(first.user, settings.defaultDomain);
    if (first.authzid !== "" && loginName(first.authzid, settings.defaultDomain) !== name)
      return refused("credentials");
    const binding = first.binding === undefined ? undefined : this.#binding(first.binding, where);
    if (first.binding !== undefined && binding === undefined) return refused("credentials");

    const account = await accountNamed(name, directory);
    const attempt = attemptAt(name, account, addressKey(where.connection.remote.address));
    if (!throttle.allows(attempt)) return refused("throttled");
    const credentials = await store.credentials(account?.id ?? 0);
    const now = this.#parts.now();
    const waiting = credentials.find((one) => isSealed(one) && !isExpired(one, now));
    // One that waits to be hashed is hashed now: work that has to be done once anyway.
    const raised = waiting && (await this.#parts.sealed?.raise(waiting));
    const credential = raised ?? credentials.find((one) => one.scramSha256 !== "" && !isExpired(one, now));
    const second = credential?.secondFactor === true;
    const verifier = credential === undefined ? undefined : parseVerifier(credential.scramSha256);
    const decoy = await this.#decoy(name);

    const exchange = beginExchange(first, verifier ?? decoy, randomBytes(nonceBytes).toString("base64"));
    const answer = await ask(Buffer.from(exchange.message, "utf8"));
    if (typeof answer === "string") return refused(answer);
    if (!throttle.allows(attempt)) return refused("throttled");
    throttle.charge(attempt);
    const end = finishExchange(exchange, answer, binding);
    if (end.kind === "refused") {
      if (end.reason !== "malformed") this.#parts.guessed?.(attempt);
      return refused(end.reason === "malformed" ? "malformed" : "credentials");
    }
    if (verifier === undefined || account === undefined || account.disabled) {
      this.#parts.guessed?.(attempt);
      return refused("credentials");
    }
    throttle.refund(attempt);
    throttle.succeeded(attempt);
    if (second) return refused("app-password");
    const last = await ask(Buffer.from(end.message, "utf8"));
    if (typeof last === "string") return refused(last);
    return last.length === 0
      ? { kind: "ok", account, pass: { expiresAt: credential?.expiresAt } }
      : refused("malformed");
  }

  #binding(type: string, { connection }: LoginContext): Buffer | undefined {
    if (!bindingTypes.includes(type)) return undefined;
    const hash = this.#parts.endPointHash(connection.tls?.servername);
    return connection.channelBinding(type as ChannelBinding["type"], hash)?.data;
  }

  /** A verifier for a name nobody has: the same each time, and nobody knows its password. */
  async #decoy(name: string): Promise<ScramVerifier> {
    this.#decoyKey ??= this.#readDecoyKey();
    let key: Buffer;
    try {
      key = await this.#decoyKey;
    } catch (error) {
      this.#decoyKey = undefined;
      throw error;
    }
    const derive = (use: string): Buffer => createHmac("sha256", key).update(`${use}\0${name}`).digest();
    return {
      iterations: this.#parts.settings.password.scramIterations,
      salt: derive("salt").subarray(0, 16),
      storedKey: derive("stored key"),
      serverKey: derive("server key"),
    };
  }

  async #readDecoyKey(): Promise<Buffer> {
    const { store } = this.#parts;
    const found = await store.setting(decoySetting);
    if (typeof found === "string") return Buffer.from(found, "hex");
    const made = randomBytes(32);
    await store.putSetting(decoySetting, made.toString("hex"));
    return made;
  }
}
