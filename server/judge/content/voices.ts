/** When what several people say holds for others: neither one person nor one tenant speaks for everybody. */

/** So many more people of one's own tenant, or so many more tenants, must say so than say the opposite. */
export const enoughVoices = 3;

/** The tenant of an account, as far as it is known: others are not heard. */
export type TenantOf = (account: number) => number | undefined;

/** Whether those who called something spam speak for somebody of `tenant`, in spite of those who called it good. */
export function speakFor(
  { spam, ham }: { readonly spam: Iterable<number>; readonly ham: Iterable<number> },
  tenant: number | undefined,
  tenantOf: TenantOf,
): boolean {
  const balance = new Map<number, number>();
  const count = (accounts: Iterable<number>, voice: 1 | -1): void => {
    for (const account of accounts) {
      const theirs = tenantOf(account);
      if (theirs !== undefined) balance.set(theirs, (balance.get(theirs) ?? 0) + voice);
    }
  };
  count(spam, 1);
  count(ham, -1);
  if (tenant !== undefined && (balance.get(tenant) ?? 0) >= enoughVoices) return true;
  let tenants = 0;
  for (const voices of balance.values()) tenants += Math.sign(voices);
  return tenants >= enoughVoices;
}
