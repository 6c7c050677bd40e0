/** Push subscriptions (RFC 8620 §7.2): made, verified, served, forgotten. */
import type { Pass } from "../access/login.ts";
import { standingSession } from "../access/web-session.ts";
import type { AccountId } from "../store/store.ts";
import { Hearing } from "./hearing.ts";
import type { JmapPorts } from "./ports.ts";
import type { PushHub, StateChange, States } from "./push.ts";
import { type PushKeys, sendPush, type VapidKeys } from "./push-send.ts";

export const subscriptionName = "PushSubscription";
/** The longest that a subscription lives without being renewed. */
export const maxLifetimeMs = 7 * 24 * 60 * 60 * 1000;
const vapidSetting = "jmap.vapid";
/** A push service that has failed so often in a row is let go. */
const maxFailures = 20;
/** Between two pushes to one subscription: what changes meanwhile is told as one, and push services do not turn us away for our number. */
const paceMs = 500;

export type Subscription = {
  readonly deviceClientId: string;
  readonly url: string;
  readonly keys: PushKeys | null;
  readonly types: readonly string[] | null;
  readonly expires: string;
  /** What was sent to the URL, and whether the client has sent it back. */
  readonly code: string;
  readonly verified: boolean;
  /** What it was made by: it ends with that. Those made before this was kept have none. */
  readonly pass?: Pass;
};

type Served = {
  readonly account: AccountId;
  readonly id: string;
  subscription: Subscription;
  hearing: Hearing | undefined;
  pending: StateChange["changed"];
  sending: boolean;
  failures: number;
  timer: NodeJS.Timeout | undefined;
  /** Listens no more for the account being signed out. */
  unwatch: () => void;
};

export class Subscriptions {
  readonly #ports: JmapPorts;
  readonly #hub: PushHub;
  readonly #served = new Map<string, Served>();
  #vapid: VapidKeys | undefined;
  #stopped = false;

  constructor(ports: JmapPorts, hub: PushHub) {
    this.#ports = ports;
    this.#hub = hub;
  }

  /** RFC 9749: the key that our pushes are signed with. Known after `start`. */
  get applicationServerKey(): string {
    return this.#vapid?.publicKey ?? "";
  }

  async start(): Promise<void> {
    const { store } = this.#ports;
    let keys = (await store.setting(vapidSetting)) as VapidKeys | undefined;
    if (keys === undefined) {
      const { default: webPush } = await import("web-push");
      keys = webPush.generateVAPIDKeys();
      await store.putSetting(vapidSetting, keys);
    }
    this.#vapid = keys;
    for (const { account, id, data } of await store.objectsOfAll(subscriptionName))
      await this.serve(account, id, data as Subscription);
  }

  stop(): void {
    this.#stopped = true;
    for (const served of this.#served.values()) this.#end(served);
    this.#served.clear();
  }

  /** Serves a subscription as it is now; undefined: it is gone. Once it resolves, changes are told. */
  async serve(account: AccountId, id: string, subscription: Subscription | undefined): Promise<void> {
    const key = `${account} ${id}`;
    const known = this.#served.get(key);
    if (subscription === undefined) {
      if (known !== undefined) this.#end(known);
      this.#served.delete(key);
      return;
    }
    const served: Served = known ?? {
      account,
      id,
      subscription,
      hearing: undefined,
      pending: {},
      sending: false,
      failures: 0,
      timer: undefined,
      unwatch: () => {},
    };
    // RFC 8620 §7.2: it ends with what the client has proved itself by; whoever stole that hears nothing more.
    if (known === undefined)
      served.unwatch = this.#ports.untilSignedOut(account, subscription.pass, () => {
        this.#forget(served).catch((error: unknown) =>
          this.#ports.log.error({ error, subscription: id }, "a push subscription could not be ended"),
        );
      });
    served.subscription = subscription;
    this.#served.set(key, served);
    // What it was made by may have ended while nobody listened.
    const session = known === undefined ? subscription.pass?.session : undefined;
    if (session !== undefined && (await standingSession(this.#ports.store, session, this.#ports.now())) === undefined)
      return this.#forget(served);
    if (!subscription.verified || served.hearing !== undefined) return;
    const [owner] = await this.#ports.store.accounts({ id: account });
    if (owner === undefined || this.#served.get(key) !== served || served.hearing !== undefined) return;
    served.hearing = new Hearing({
      hub: this.#hub,
      ports: this.#ports,
      account: owner,
      types: undefined,
      tell: (change) => this.#tell(served, change),
    });
  }

  /** RFC 8620 §7.2.2: proof that the URL is the client's. */
  verify(id: string, subscription: Subscription): void {
    const payload = { "@type": "PushVerification", pushSubscriptionId: id, verificationCode: subscription.code };
    this.#post(subscription, payload).catch((error: unknown) =>
      this.#ports.log.info({ error, subscription: id }, "a push could not be verified"),
    );
  }

  #end(served: Served): void {
    served.unwatch();
    served.hearing?.stop();
    served.pending = {};
    clearTimeout(served.timer);
  }

  #post(subscription: Subscription, payload: object): ReturnType<typeof sendPush> {
    if (this.#vapid === undefined) return Promise.resolve({ kind: "later", afterMs: 1000 });
    const { url, keys } = subscription;
    return sendPush({ url, keys: keys ?? undefined }, JSON.stringify(payload), {
      vapid: this.#vapid,
      subject: `mailto:postmaster@${this.#ports.ourHost}`,
      anywhere: this.#ports.pushAnywhere,
    });
  }

  #tell(served: Served, { changed }: StateChange): void {
    if (this.#ports.withheld()) return;
    served.pending = together(served.pending, changed);
    if (!served.sending && served.timer === undefined) this.#send(served);
  }

  #send(served: Served): void {
    const { types } = served.subscription;
    const changed = ofTypes(served.pending, types);
    served.pending = {};
    if (Object.keys(changed).length === 0 || this.#stopped) return;
    served.sending = true;
    this.#deliver(served, { "@type": "StateChange", changed })
      .catch((error: unknown) => this.#ports.log.error({ error, subscription: served.id }, "a push failed"))
      .finally(() => {
        served.sending = false;
        if (Object.keys(served.pending).length > 0 && served.timer === undefined) this.#send(served);
      });
  }

  async #deliver(served: Served, change: StateChange): Promise<void> {
    if (Date.parse(served.subscription.expires) <= this.#ports.now()) return this.#forget(served);
    const outcome = await this.#post(served.subscription, change);
    switch (outcome.kind) {
      case "done":
        served.failures = 0;
        return this.#after(served, paceMs);
      case "gone":
        return this.#forget(served);
      case "later":
        if (++served.failures > maxFailures) return this.#forget(served);
        served.pending = together(change.changed, served.pending);
        return this.#after(served, outcome.afterMs * Math.min(served.failures, 10));
      default:
        return outcome satisfies never;
    }
  }

  /** Tells what has changed by then, no sooner. */
  #after(served: Served, ms: number): void {
    served.timer = setTimeout(() => {
      served.timer = undefined;
      this.#send(served);
    }, ms).unref();
  }

  async #forget(served: Served): Promise<void> {
    await this.serve(served.account, served.id, undefined);
    await this.#ports.store.objectsPut(
      served.account,
      subscriptionName,
      [{ id: served.id, data: undefined }],
      undefined,
    );
  }
}

type Changed = StateChange["changed"];

/** What came first, and what came since. */
function together(first: Changed, then: Changed): Changed {
  const both: { [accountId: string]: States } = { ...first };
  for (const [accountId, states] of Object.entries(then)) both[accountId] = { ...both[accountId], ...states };
  return both;
}

function ofTypes(changed: Changed, types: readonly string[] | null): Changed {
  if (types === null) return changed;
  return Object.fromEntries(
    Object.entries(changed).flatMap(([accountId, states]) => {
      const chosen = Object.entries(states).filter(([type]) => types.includes(type));
      return chosen.length === 0 ? [] : [[accountId, Object.fromEntries(chosen)]];
    }),
  );
}
