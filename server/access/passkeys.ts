/** Passkeys (WebAuthn): registering one, and signing in with it, as the whole sign-in or as its second step. */
import { randomBytes } from "node:crypto";
import type {
  AuthenticationResponseJSON,
  AuthenticatorTransport,
  PublicKeyCredentialCreationOptionsJSON,
  PublicKeyCredentialRequestOptionsJSON,
  RegistrationResponseJSON,
} from "@simplewebauthn/server";
import type { Factor } from "../store/security-store.ts";
import type { Account, AccountId, Instant } from "../store/store.ts";
import { Challenges } from "./challenges.ts";
import type { Directory } from "./directory.ts";
import type { FactorStore } from "./second-factor.ts";

type PasskeyData = {
  /** COSE key, base64url. */
  readonly publicKey: string;
  readonly counter: number;
  readonly transports: readonly string[];
  /** Challenges that it has answered, while they could still be answered again. */
  readonly used?: readonly string[];
};

export type PasskeyPorts = {
  readonly store: FactorStore & { factorByKey(kind: "passkey", key: string): Promise<Factor | undefined> };
  readonly directory: Pick<Directory, "account">;
  /** Names of this server under which people see its pages. */
  readonly hosts: readonly string[];
  readonly now: () => Instant;
};

/** Sign-ins with one passkey while a challenge lasts. */
const maxUsed = 100;
const maxLabelChars = 100;

// Loaded when somebody uses a passkey: it reads a dozen formats of certificates.
const library = () => import("@simplewebauthn/server");

export class Passkeys {
  readonly #ports: PasskeyPorts;
  readonly #challenges = new Challenges(randomBytes(32));

  constructor(ports: PasskeyPorts) {
    this.#ports = ports;
  }

  /**
   * The name that a passkey is bound to: the one under which the page is seen, where it is a name of ours. A forged Host gets
   * the first of our names, and with it no passkey that its page could use.
   */
  #relyingParty(host: string): string {
    const name = host.replace(/:\d+$/, "").toLowerCase();
    const { hosts } = this.#ports;
    return name === "localhost" || hosts.includes(name) ? name : (hosts[0] ?? "localhost");
  }

  /** What was asked of this account under this name, where the answer brings a challenge of ours that is not over. */
  #asked({ response }: Response, account: AccountId | undefined): { challenge: string; host: string } | undefined {
    const { challenge, origin } = clientDataOf(response.clientDataJSON);
    if (typeof challenge !== "string" || typeof origin !== "string" || !URL.canParse(origin)) return undefined;
    const host = this.#relyingParty(new URL(origin).hostname);
    return this.#challenges.stands(challenge, subject(host, account), this.#ports.now())
      ? { challenge, host }
      : undefined;
  }

  /** For `navigator.credentials.create`. */
  async registration(account: Account, host: string): Promise<PublicKeyCredentialCreationOptionsJSON> {
    const { generateRegistrationOptions } = await library();
    const known = await this.#of(account.id);
    const rpID = this.#relyingParty(host);
    return generateRegistrationOptions({
      challenge: this.#challenges.make(subject(rpID, account.id), this.#ports.now()),
      rpName: "Angarium",
      rpID,
      userName: account.name,
      userDisplayName: account.displayName || account.name,
      userID: Uint8Array.from(Buffer.from(`account ${account.id}`, "utf8")),
      attestationType: "none",
      excludeCredentials: known.map(descriptor),
      authenticatorSelection: { residentKey: "preferred", userVerification: "preferred" },
    });
  }

  /** Keeps the new passkey; a sentence where it cannot be. */
  async register(
    account: Account,
    response: unknown,
    label: string,
  ): Promise<{ readonly kind: "done"; readonly id: number } | { readonly kind: "refused"; readonly why: string }> {
    const refused = (why: string) => ({ kind: "refused", why }) as const;
    if (!isResponse(response)) return refused("That is no passkey: send what the browser answered.");
    const asked = this.#asked(response, account.id);
    if (asked === undefined) return refused("The time to add this passkey is over: begin again.");
    const { verifyRegistrationResponse } = await library();
    let verified: Awaited<ReturnType<typeof verifyRegistrationResponse>>;
    try {
      verified = await verifyRegistrationResponse({
        response: response as unknown as RegistrationResponseJSON,
        expectedChallenge: asked.challenge,
        expectedOrigin: originsOf(response, asked.host),
        expectedRPID: asked.host,
        requireUserVerification: false,
      });
    } catch (error) {
      return refused(`The passkey could not be checked: ${(error as Error).message}`);
    }
    if (!verified.verified) return refused("The passkey could not be checked: its signature is wrong.");
    const { credential } = verified.registrationInfo;
    const data: PasskeyData = {
      publicKey: Buffer.from(credential.publicKey).toString("base64url"),
      counter: credential.counter,
      transports: credential.transports ?? [],
    };
    const made = { kind: "passkey", key: credential.id, label: label.slice(0, maxLabelChars), data } as const;
    const put = await this.#ports.store.putFactor(account.id, made, this.#ports.now());
    switch (put.kind) {
      case "done":
        return put;
      case "taken":
        return refused("This passkey is here already.");
      case "too-many":
        return refused("There are too many passkeys: remove one first.");
      case "no-account":
        return refused("The account is gone.");
      default:
        return put satisfies never;
    }
  }

  /** For `navigator.credentials.get`. Without an account, any passkey that knows whose it is; with one, its passkeys. */
  async request(host: string, account?: AccountId): Promise<PublicKeyCredentialRequestOptionsJSON> {
    const { generateAuthenticationOptions } = await library();
    const rpID = this.#relyingParty(host);
    return generateAuthenticationOptions({
      challenge: this.#challenges.make(subject(rpID, account), this.#ports.now()),
      rpID,
      userVerification: account === undefined ? "required" : "preferred",
      ...(account === undefined ? {} : { allowCredentials: (await this.#of(account)).map(descriptor) }),
    });
  }

  /**
   * Whose passkey signed; undefined where none did. `account`: as the second step of this one. Alone it must have made sure of
   * the person (PIN, finger), so that what is stolen opens nothing.
   */
  async verify(response: unknown, account?: AccountId): Promise<Account | undefined> {
    if (!isResponse(response)) return undefined;
    const asked = this.#asked(response, account);
    if (asked === undefined) return undefined;
    const factor = await this.#ports.store.factorByKey("passkey", response.id);
    if (factor === undefined || (account !== undefined && factor.account !== account)) return undefined;
    const data = factor.data as PasskeyData;
    const used = (data.used ?? []).filter((one) => !this.#challenges.isOver(one, this.#ports.now()));
    if (used.includes(asked.challenge) || used.length >= maxUsed) return undefined;
    const { verifyAuthenticationResponse } = await library();
    let counter: number;
    try {
      const { verified, authenticationInfo } = await verifyAuthenticationResponse({
        response: response as unknown as AuthenticationResponseJSON,
        expectedChallenge: asked.challenge,
        expectedOrigin: originsOf(response, asked.host),
        expectedRPID: asked.host,
        requireUserVerification: account === undefined,
        credential: {
          id: factor.key,
          publicKey: Uint8Array.from(Buffer.from(data.publicKey, "base64url")),
          counter: data.counter,
        },
      });
      if (!verified) return undefined;
      counter = authenticationInfo.newCounter;
    } catch {
      // What a stranger sends is wrong in many ways; a counter that went back (a cloned key) is one of them.
      return undefined;
    }
    const { store, directory, now } = this.#ports;
    // A challenge is good once. Of two that bring it at the same moment the store lets one change what it has read.
    const after: PasskeyData = { ...data, counter, used: [...used, asked.challenge] };
    const change = { data: after, usedAt: now() };
    if ((await store.changeFactor(factor.account, factor.id, factor.data, change)) !== "done") return undefined;
    const found = await directory.account(factor.account);
    return found === undefined || found.disabled ? undefined : found;
  }

  async #of(account: AccountId): Promise<readonly Factor[]> {
    return (await this.#ports.store.factors(account)).filter(({ kind }) => kind === "passkey");
  }
}

/** What a challenge is bound to. */
const subject = (host: string, account: AccountId | undefined): string => `${host}\0${account ?? ""}`;

const descriptor = ({ key, data }: Factor) => ({
  id: key,
  transports: [...(data as PasskeyData).transports] as AuthenticatorTransport[],
});

type Response = { readonly id: string; readonly response: { readonly clientDataJSON: string } };

function isResponse(value: unknown): value is Response {
  if (typeof value !== "object" || value === null) return false;
  const { id, response } = value as { id?: unknown; response?: unknown };
  if (typeof id !== "string" || typeof response !== "object" || response === null) return false;
  return typeof (response as { clientDataJSON?: unknown }).clientDataJSON === "string";
}

type ClientData = { readonly challenge?: unknown; readonly origin?: unknown };

function clientDataOf(text: string): ClientData {
  try {
    const value: unknown = JSON.parse(Buffer.from(text, "base64url").toString("utf8"));
    return typeof value === "object" && value !== null ? value : {};
  } catch {
    return {};
  }
}

/** Pages of this host, on whatever port, over TLS; localhost alone may do without (Secure Contexts §3.1). */
function originsOf({ response }: Response, host: string): string[] {
  const { origin } = clientDataOf(response.clientDataJSON);
  if (typeof origin !== "string" || !URL.canParse(origin)) return [];
  const { protocol, hostname, origin: plain } = new URL(origin);
  const secure = protocol === "https:" || (protocol === "http:" && host === "localhost");
  return secure && hostname === host && plain === origin ? [origin] : [];
}
