/** For tests: limits of one account, with nothing kept. */
import {
  appPasswordOf,
  type Bounds,
  defaultSendingLimitSettings,
  noBounds,
  type OwnLimits,
  type Sent,
} from "./limits.ts";
import { SendingLimits } from "./sending-limits.ts";

/** `bounds` undefined: no limits. `appPassword`: what each app password may. `strangers`: how many recipients of each message are new. */
export function fakeLimits(
  bounds: Partial<Bounds> | undefined,
  {
    own,
    appPassword,
    strangers = 0,
    now = () => 0,
  }: { own?: OwnLimits; appPassword?: OwnLimits; strangers?: number; now?: () => number } = {},
): SendingLimits {
  const all = { ...noBounds, ...bounds };
  return new SendingLimits({
    settings: bounds === undefined ? undefined : { ...defaultSendingLimitSettings, new: all, normal: all },
    restraints: {
      of: () => ({ account: own, domain: undefined, tenant: undefined }),
      ofAppPassword: (account, id) =>
        appPassword === undefined
          ? undefined
          : { key: `${account}!${id}`, of: appPasswordOf("Printer"), limits: appPassword },
    },
    strangers: () => strangers,
    book: new Map<string, Sent>(),
    now,
  });
}
