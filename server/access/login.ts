/**
 * Who is this? The one door for every protocol: SMTP AUTH, IMAP, POP3, ManageSieve and HTTP ask here and nowhere else,
 * so that throttling, constant effort and the cache of proved logins hold everywhere alike.
 */
import type { Connection } from "../net/connection.ts";
import type { AppPassword, Scope } from "../store/security-store.ts";
import type { Account } from "../store/store.ts";

export type LoginContext = {
  readonly protocol: "smtp" | "imap" | "pop3" | "sieve" | "http";
  /** http: what the password is for, "jmap" where it is not said. "sign-in": somebody at a page of ours, whom the second step is asked of. */
  readonly purpose?: "jmap" | "api" | "sign-in";
  readonly connection: Pick<Connection, "tls" | "remote" | "channelBinding">;
};

/** What lets somebody in, where that can end before the account does. */
export type Pass = {
  /** The hash of a token of ours, or of a browser's session. */
  readonly session?: string | undefined;
  readonly expiresAt?: number | undefined;
};

export type LoginOutcome =
  | {
      readonly kind: "ok";
      readonly account: Account;
      readonly pass?: Pass;
      /** Signing in: the second step has still to be taken. */
      readonly secondFactor?: true;
      /** It was an app password, and what that is good for (undefined: everything). */
      readonly appPassword?: AppPassword & { readonly scopes: readonly Scope[] | undefined };
    }
  /** Unknown user, wrong password and disabled account are one answer, in the same time. */
  | {
      readonly kind: "refused";
      readonly reason:
        | "credentials"
        | "throttled"
        /** The password is right, but the account has a second factor: programs need an app password. */
        | "app-password"
        /** The app password is right, but not made for this protocol. */
        | "scope"
        | "needs-tls"
        | "mechanism"
        | "malformed"
        | "cancelled"
        | "closed"
        | "unavailable";
    };

export const refused = (
  reason: Extract<LoginOutcome, { kind: "refused" }>["reason"],
): Extract<LoginOutcome, { kind: "refused" }> => ({
  kind: "refused",
  reason,
});

/** Sends a challenge and answers what the client said, both decoded; "cancelled" for "*", "malformed" for bad base64, "closed" when gone. */
export type AskClient = (challenge: Buffer) => Promise<Buffer | "cancelled" | "malformed" | "closed">;

export interface Login {
  /** Mechanisms to offer on this connection now, best first: none that needs TLS where there is none. */
  mechanisms(where: LoginContext): readonly string[];
  /** Runs one SASL exchange. `initial` is the initial response, decoded ("=" is an empty one), or undefined. A final SCRAM server message is sent through `ask` as a challenge; the client answers it with an empty response (or, where the protocol can carry data with success, `successData`). */
  sasl(mechanism: string, initial: Buffer | undefined, ask: AskClient, where: LoginContext): Promise<LoginOutcome>;
  /** LOGIN, USER/PASS, Basic. */
  password(user: string, password: string, where: LoginContext): Promise<LoginOutcome>;
}

/** What pages of ours ask besides. */
export interface SignIn extends Login {
  /** The second step of somebody whose password was right: a wrong code counts like a wrong password. */
  secondStep(account: Account, code: string, where: LoginContext): Promise<"ok" | "wrong" | "throttled">;
}
