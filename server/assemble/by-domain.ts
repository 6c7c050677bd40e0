/** What tenants have set, for each of their domains: delivery knows domains. */
import type { Store } from "../store/store.ts";

const domainsAtOnce = 1_000;

/** `tenants` by their numbers. */
export async function byDomain<T>(
  tenants: ReadonlyMap<string, T>,
  store: Pick<Store, "hostedDomains">,
): Promise<Map<string, T>> {
  const found = new Map<string, T>();
  for (const [tenant, setting] of tenants) {
    let after: string | undefined;
    do {
      const page = await store.hostedDomains(
        { kind: "tenant", tenant: Number(tenant) },
        { limit: domainsAtOnce, after },
      );
      for (const { name } of page) found.set(name, setting);
      after = page.length < domainsAtOnce ? undefined : page.at(-1)!.name;
    } while (after !== undefined);
  }
  return found;
}
