/** The second step of signing in: a code of an authenticator app (RFC 6238) or a recovery code, each good once. */
import { createHash, randomBytes } from "node:crypto";
import { totpMatch, totpSecret, totpSecretBytes, totpText } from "../../protocol/otp/totp.ts";
import type { Factor } from "../store/security-store.ts";
import type { AccountId, Instant, Store } from "../store/store.ts";
import { randomText } from "./password.ts";

export type FactorStore = Pick<Store, "factors" | "putFactor" | "changeFactor" | "removeFactors">;

type TotpData = { readonly secret: string; readonly lastStep: number };
type RecoveryData = { readonly hashes: readonly string[] };

/** Recovery codes made at a time: each has some 79 bits, so that their plain hashes tell nothing. */
const recoveryCodes = 10;

/** Whether the code is right; it is used up then. */
export async function useCode(store: FactorStore, account: AccountId, code: string, now: Instant): Promise<boolean> {
  const all = await store.factors(account);
  for (const factor of all) {
    const after = factor.kind === "totp" ? totpAfter(factor, code, now) : recoveryAfter(factor, code);
    if (after === undefined) continue;
    // Where somebody else uses the same code at this moment, one of the two is refused.
    const done = await store.changeFactor(account, factor.id, factor.data, { data: after, usedAt: now });
    return done === "done";
  }
  return false;
}

function totpAfter({ data }: Factor, code: string, now: Instant): TotpData | undefined {
  const { secret, lastStep } = data as TotpData;
  const bytes = totpSecret(secret);
  const step = bytes === undefined ? undefined : totpMatch(bytes, code, now, lastStep);
  return step === undefined ? undefined : { secret, lastStep: step };
}

function recoveryAfter({ kind, data }: Factor, code: string): RecoveryData | undefined {
  if (kind !== "recovery") return undefined;
  const { hashes } = data as RecoveryData;
  const hash = recoveryHash(code);
  return hashes.includes(hash) ? { hashes: hashes.filter((one) => one !== hash) } : undefined;
}

const recoveryHash = (code: string): string =>
  createHash("sha256").update(code.toLowerCase().replace(/[\s-]/g, "")).digest("base64url");

/** A new secret that waits to be confirmed by a first code; one that waited before is forgotten. */
export async function beginTotp(
  store: FactorStore,
  account: AccountId,
  now: Instant,
): Promise<{ readonly secret: string } | "on" | "too-many"> {
  if ((await store.factors(account)).some(({ kind }) => kind === "totp")) return "on";
  await store.removeFactors(account, ["totp-new"]);
  const secret = totpText(randomBytes(totpSecretBytes));
  const data: TotpData = { secret, lastStep: 0 };
  const put = await store.putFactor(account, { kind: "totp-new", key: "", label: "", data }, now);
  return put.kind === "done" ? { secret } : "too-many";
}

/** The first code of an app that was shown the secret: from now on the password alone is not enough. Answers new recovery codes. */
export async function confirmTotp(
  store: FactorStore,
  account: AccountId,
  code: string,
  now: Instant,
): Promise<{ readonly recoveryCodes: readonly string[] } | "wrong" | "not-begun"> {
  const waiting = (await store.factors(account)).find(({ kind }) => kind === "totp-new");
  if (waiting === undefined) return "not-begun";
  const after = totpAfter(waiting, code, now);
  if (after === undefined) return "wrong";
  const change = { kind: "totp", data: after, usedAt: now } as const;
  if ((await store.changeFactor(account, waiting.id, waiting.data, change)) !== "done") return "wrong";
  return { recoveryCodes: await newRecoveryCodes(store, account, now) };
}

/** Takes the place of the codes before. */
export async function newRecoveryCodes(
  store: FactorStore,
  account: AccountId,
  now: Instant,
): Promise<readonly string[]> {
  const codes = Array.from({ length: recoveryCodes }, () => [1, 2, 3, 4].map(() => randomText(4)).join("-"));
  await store.removeFactors(account, ["recovery"]);
  await store.putFactor(
    account,
    { kind: "recovery", key: "", label: "", data: { hashes: codes.map(recoveryHash) } satisfies RecoveryData },
    now,
  );
  return codes;
}

/** Codes that are left. */
export const recoveryCodesLeft = (all: readonly Factor[]): number =>
  all.reduce((sum, { kind, data }) => sum + (kind === "recovery" ? (data as RecoveryData).hashes.length : 0), 0);

/** The password is enough again. */
export async function endTotp(store: FactorStore, account: AccountId): Promise<boolean> {
  return (await store.removeFactors(account, ["totp", "totp-new", "recovery"])) > 0;
}
