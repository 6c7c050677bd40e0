/** The configured OpenID Connect issuer: people sign in there, and its tokens open mail protocols. */
import type { JWTPayload } from "jose";
import type { Configuration } from "openid-client";
import { displayNameOf } from "../../protocol/display-name.ts";
import type { Log } from "../base/log.ts";
import type { Account, Store } from "../store/store.ts";
import type { Directory } from "./directory.ts";
import { loginName } from "./login-name.ts";

export type OidcSettings = {
  /** "https://login.example.org/realms/a"; "" for none. */
  readonly issuer: string;
  readonly clientId: string;
  readonly clientSecret: string;
  /** What the button says. */
  readonly name: string;
  /** Audience of access tokens that programs bring; "" for the client id. */
  readonly audience: string;
  /** Claim that holds the address of the account. */
  readonly addressClaim: string;
  /** Whoever the issuer says has an address gets the account of that address; without it only who has been linked. */
  readonly byAddress: boolean;
  /** People without an account get one, in the local domains, at their first sign-in. */
  readonly createAccounts: boolean;
};

export const defaultOidcSettings: OidcSettings = {
  issuer: "",
  clientId: "",
  clientSecret: "",
  name: "Single sign-on",
  audience: "",
  addressClaim: "email",
  byAddress: true,
  createAccounts: false,
};

export type OidcPorts = {
  readonly settings: OidcSettings;
  readonly store: Pick<Store, "factorByKey" | "createAccount" | "domains">;
  readonly directory: Pick<Directory, "account" | "accountByName">;
  readonly now: () => number;
  readonly log: Log;
};

/** What has to be remembered between the two halves of a sign-in. */
export type OidcPending = { readonly state: string; readonly nonce: string; readonly verifier: string };

const clockToleranceSeconds = 60;
/** A failed discovery is tried again after so long. */
const retryMs = 30_000;
const timeoutSeconds = 10;
const maxTokenAgeSeconds = 24 * 60 * 60;

type Keys = ReturnType<typeof import("jose")["createRemoteJWKSet"]>;

export class Oidc {
  readonly #ports: OidcPorts;
  #discovered: Promise<Configuration> | undefined;
  #failedAt = Number.NEGATIVE_INFINITY;
  #keys: { readonly uri: string; readonly keys: Keys } | undefined;

  constructor(ports: OidcPorts) {
    this.#ports = ports;
  }

  get name(): string {
    return this.#ports.settings.name;
  }

  /** Where clients find how to get a token. */
  get openidConfiguration(): string {
    return `${this.#ports.settings.issuer.replace(/\/$/, "")}/.well-known/openid-configuration`;
  }

  /** Rejects where the issuer cannot be asked. */
  async #configuration(): Promise<Configuration> {
    const { settings, now } = this.#ports;
    if (this.#discovered === undefined && now() - this.#failedAt < retryMs)
      throw new Error(`The issuer ${settings.issuer} could not be reached a moment ago.`);
    this.#discovered ??= (async () => {
      const client = await import("openid-client");
      const issuer = new URL(settings.issuer);
      // An issuer on this machine (tests, a proxy beside us) may do without TLS; no other may.
      const insecure = issuer.protocol === "http:" && /^(?:localhost|127\.0\.0\.1|\[::1\])$/.test(issuer.hostname);
      return client.discovery(issuer, settings.clientId, settings.clientSecret || undefined, undefined, {
        timeout: timeoutSeconds,
        ...(insecure ? { execute: [client.allowInsecureRequests] } : {}),
      });
    })();
    try {
      return await this.#discovered;
    } catch (error) {
      this.#discovered = undefined;
      this.#failedAt = now();
      throw error;
    }
  }

  /** Rejects where the issuer cannot be asked; tells what it calls itself. */
  async reach(): Promise<{ readonly issuer: string }> {
    // Who asks wants to know now: a failure of a moment ago is no answer.
    this.#failedAt = Number.NEGATIVE_INFINITY;
    return { issuer: (await this.#configuration()).serverMetadata().issuer };
  }

  /** Where to send a browser that wants to sign in, and what to remember for its return. */
  async begin(redirectUri: string): Promise<{ readonly url: string; readonly pending: OidcPending }> {
    const client = await import("openid-client");
    const configuration = await this.#configuration();
    const pending = {
      state: client.randomState(),
      nonce: client.randomNonce(),
      verifier: client.randomPKCECodeVerifier(),
    };
    const url = client.buildAuthorizationUrl(configuration, {
      redirect_uri: redirectUri,
      scope: "openid email profile",
      state: pending.state,
      nonce: pending.nonce,
      code_challenge: await client.calculatePKCECodeChallenge(pending.verifier),
      code_challenge_method: "S256",
    });
    return { url: url.href, pending };
  }

  /** The account of who comes back, or a sentence about why there is none. */
  async finish(returned: URL, pending: OidcPending): Promise<Account | { readonly why: string }> {
    const client = await import("openid-client");
    let claims: { readonly [claim: string]: unknown } | undefined;
    try {
      const tokens = await client.authorizationCodeGrant(await this.#configuration(), returned, {
        pkceCodeVerifier: pending.verifier,
        expectedState: pending.state,
        expectedNonce: pending.nonce,
        idTokenExpected: true,
      });
      claims = tokens.claims();
      const access = tokens.access_token;
      const { addressClaim } = this.#ports.settings;
      if (claims !== undefined && claims[addressClaim] === undefined && typeof claims["sub"] === "string") {
        // Many issuers tell the address at their userinfo endpoint alone (OpenID Connect Core §5.4).
        const more = await client.fetchUserInfo(await this.#configuration(), access, claims["sub"]);
        claims = { ...more, ...claims };
      }
    } catch (error) {
      this.#ports.log.warn({ error: (error as Error).message }, "sign-in elsewhere failed");
      return { why: `${this.name} did not confirm who you are: try again.` };
    }
    if (claims === undefined) return { why: `${this.name} did not say who you are.` };
    return this.#accountOf(claims);
  }

  /** The account that an access token of the issuer (RFC 9068) opens, and until when; undefined where it opens none. */
  async account(token: string): Promise<{ readonly account: Account; readonly expiresAt: number } | undefined> {
    const { settings, log } = this.#ports;
    if (token.split(".").length !== 3) return undefined;
    const { createRemoteJWKSet, jwtVerify } = await import("jose");
    const configuration = await this.#configuration();
    const metadata = configuration.serverMetadata();
    if (metadata.jwks_uri === undefined) return undefined;
    if (this.#keys?.uri !== metadata.jwks_uri)
      this.#keys = { uri: metadata.jwks_uri, keys: createRemoteJWKSet(new URL(metadata.jwks_uri)) };
    let payload: JWTPayload;
    try {
      ({ payload } = await jwtVerify(token, this.#keys.keys, {
        issuer: metadata.issuer,
        audience: settings.audience || settings.clientId,
        clockTolerance: clockToleranceSeconds,
        requiredClaims: ["exp", "sub"],
        maxTokenAge: maxTokenAgeSeconds,
        // Never "none", never a key that the client knows too.
        algorithms: [
          "RS256",
          "RS384",
          "RS512",
          "PS256",
          "PS384",
          "PS512",
          "ES256",
          "ES384",
          "ES512",
          "EdDSA",
          "Ed25519",
        ],
      }));
    } catch (error) {
      log.debug({ error: (error as Error).message }, "token refused");
      return undefined;
    }
    const found = await this.#accountOf(payload);
    if ("why" in found) return undefined;
    const endsAtSeconds = Math.min(payload.exp ?? 0, (payload.iat ?? 0) + maxTokenAgeSeconds) + clockToleranceSeconds;
    return { account: found, expiresAt: endsAtSeconds * 1000 };
  }

  async #accountOf(claims: { readonly [claim: string]: unknown }): Promise<Account | { readonly why: string }> {
    const { settings, store, directory, now } = this.#ports;
    const subject = claims["sub"];
    if (typeof subject !== "string" || subject === "") return { why: `${this.name} did not say who you are.` };
    const usable = (account: Account | undefined): Account | { readonly why: string } =>
      account === undefined || account.disabled ? { why: "Your account is disabled: ask an administrator." } : account;
    const linked = await store.factorByKey("identity", identityKey(settings.issuer, subject));
    if (linked !== undefined) return usable(await directory.account(linked.account));
    const address = claims[settings.addressClaim];
    const nobody = { why: `There is no mail account for you here: ask an administrator to link ${subject}.` };
    if (!settings.byAddress || typeof address !== "string") return nobody;
    // Whoever may type any address into their profile must not get that address's mail.
    if (settings.addressClaim === "email" && claims["email_verified"] === false)
      return { why: `${this.name} has not verified your address ${address}.` };
    const name = loginName(address, "");
    const found = await directory.accountByName(name);
    if (found !== undefined) return usable(found);
    if (!settings.createAccounts) return nobody;
    const displayName = typeof claims["name"] === "string" ? displayNameOf(claims["name"], maxDisplayNameChars) : "";
    const made = await store.createAccount({ name, displayName, role: "user", quotaBytes: 0 }, [], now());
    if (made.kind === "done") return made.account;
    return made.kind === "exists" ? usable(await directory.accountByName(name)) : nobody;
  }
}

const maxDisplayNameChars = 200;

/** How an identity at an issuer is kept as a factor of an account. */
export const identityKey = (issuer: string, subject: string): string => `${issuer} ${subject}`;
