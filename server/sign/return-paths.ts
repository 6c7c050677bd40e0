/** The return paths that we give to mail of others, under a secret that is kept in the store. */
import { createHmac, randomBytes } from "node:crypto";
import { type Mac, type SrsReturn, srsLocal, srsReturn } from "../../protocol/return-path/srs.ts";
import type { Mailbox } from "../../protocol/smtp/address.ts";
import type { Instant, StoreReader, StoreWriter } from "../store/store.ts";

export type ReturnPaths = {
  readonly mac: Mac;
  /** The local part under which mail of `sender` goes on. */
  readonly local: (sender: Mailbox) => string;
  /** Whom mail to this local part of ours is for. */
  readonly back: (local: string) => SrsReturn;
};

const setting = "return-paths";
/** A message waits up to 5 days in a queue, also in that of the next forwarder. */
const maxAgeDays = 21;
const dayMs = 24 * 60 * 60 * 1000;

/** Makes the secret the first time. */
export async function openReturnPaths(
  store: Pick<StoreReader, "setting"> & Pick<StoreWriter, "swapSetting">,
  now: () => Instant,
): Promise<ReturnPaths> {
  const read = async () => (await store.setting(setting)) as { readonly secret: string } | undefined;
  if ((await read()) === undefined)
    await store.swapSetting(setting, undefined, { secret: randomBytes(32).toString("base64") });
  const key = Buffer.from((await read())?.secret ?? "", "base64");
  const mac: Mac = (text) => createHmac("sha256", key).update(text).digest();
  const ask = () => ({ mac, day: Math.floor(now() / dayMs) });
  return {
    mac,
    local: (sender) => srsLocal(sender, ask()),
    back: (local) => srsReturn(local, ask(), maxAgeDays),
  };
}
