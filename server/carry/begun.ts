/**
 * What an import has begun to make, until it is whole. What was here before is left as it is; what an import made itself, it also finishes after
 * it broke half-way: so it has to know which is which.
 */
import type { Store } from "../store/store.ts";

const keyOf = (name: string): string => `import.begun/${name}`;

/** Whether an import made it, and has not come to its end. */
export const isBegun = async (store: Pick<Store, "setting">, name: string): Promise<boolean> =>
  (await store.setting(keyOf(name))) === true;

/** Before it is made. */
export const begin = (store: Pick<Store, "putSetting">, name: string): Promise<void> =>
  store.putSetting(keyOf(name), true);

export const end = (store: Pick<Store, "putSetting">, name: string): Promise<void> =>
  store.putSetting(keyOf(name), undefined);
