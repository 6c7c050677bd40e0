/** How people come to a list and leave it: by mail, by links, by those who look after it. */
import { displayNameOf } from "../../protocol/display-name.ts";
import type { ListRequest, Member, MemberRole } from "../store/lists-store.ts";
import type { Store } from "../store/store.ts";
import type { Letters } from "./letters.ts";
import type { DistributePorts } from "./ports.ts";
import { type List, listAt } from "./settings.ts";
import { readListToken } from "./tokens.ts";

/** Who was asked to confirm is not asked again for so long: nobody can have a stranger flooded. */
const againMs = 10 * 60_000;
const confirmMs = 3 * 24 * 3_600_000;
const decideMs = 30 * 24 * 3_600_000;
/** Confirmations that one list sends in an hour. */
const maxAskedPerHour = 200;

export type MemberAbout = {
  readonly displayName?: string | undefined;
  readonly role?: MemberRole | undefined;
  readonly delivery?: Member["delivery"] | undefined;
};

/** Makes or changes a member; what nothing is said of stays as it is. */
export async function putMember(
  { store, now }: Pick<DistributePorts, "now"> & { readonly store: Pick<Store, "listMembers" | "putListMember"> },
  list: List,
  address: string,
  about: MemberAbout,
) {
  const before = (await store.listMembers({ list: list.address, address }))[0];
  return store.putListMember({
    list: list.address,
    address,
    displayName: about.displayName ?? before?.displayName ?? "",
    role: about.role ?? before?.role ?? "member",
    delivery: about.delivery ?? before?.delivery ?? "each",
    since: before?.since ?? now(),
  });
}

export type Confirmed = "joined" | "changed" | "left" | "waiting" | "full";

/** How somebody who asks for it wants to get posts. */
const deliveryOf = (action: ListRequest["action"]): Member["delivery"] | undefined =>
  action === "subscribe" || action === "unsubscribe" ? undefined : action;

export type Memberships = ReturnType<typeof makeMemberships>;

export function makeMemberships(ports: DistributePorts, letters: Letters) {
  const { store, now, mac } = ports;
  const asked = new Map<string, { hour: number; count: number }>();

  const mayAsk = (list: List): boolean => {
    const hour = Math.floor(now() / 3_600_000);
    const known = asked.get(list.address);
    const count = known?.hour === hour ? known.count + 1 : 1;
    if (asked.size > 10_000) asked.clear();
    asked.set(list.address, { hour, count });
    return count <= maxAskedPerHour;
  };

  const memberOf = async (list: List, address: string): Promise<Member | undefined> =>
    (await store.listMembers({ list: list.address, address }))[0];

  const note = (list: List, address: string, detail: { readonly [name: string]: unknown }): Promise<void> =>
    store.note([
      {
        at: now(),
        stage: "notified",
        trace: `list ${list.address}`,
        keys: [address, list.address],
        detail: { list: list.address, ...detail },
      },
    ]);

  const join = async (
    list: List,
    { address, displayName, action }: Pick<ListRequest, "address" | "displayName" | "action">,
  ): Promise<"done" | "full"> => {
    const put = await store.putListMember({
      list: list.address,
      address,
      displayName,
      role: "member",
      delivery: deliveryOf(action) ?? "each",
      since: now(),
    });
    if (put.kind === "full") return "full";
    await note(list, address, { joined: address });
    if (put.isNew) await letters.welcome(list, put.member);
    return "done";
  };

  const ask = async (list: List, address: string, displayName: string, action: ListRequest["action"]) => {
    if (!mayAsk(list)) return;
    const request: Omit<ListRequest, "id"> = {
      list: list.address,
      address,
      displayName: displayNameOf(displayName, 200),
      action,
      state: "unconfirmed",
      secret: ports.secret(),
      at: now(),
      expiresAt: now() + confirmMs,
    };
    const put = await store.putListRequest(request, againMs);
    if (put.kind === "done") await letters.confirm(list, { ...request, id: put.id });
  };

  /** Removes a member; false where there was none. */
  const leave = async (list: List, address: string, by: string): Promise<boolean> => {
    if ((await store.removeListMember(list.address, address)) === "missing") return false;
    await note(list, address, { left: address, by });
    return true;
  };

  const requestOf = async (token: string): Promise<{ request: ListRequest; list: List } | undefined> => {
    const [id = "", secret = ""] = token.split("-");
    if (!/^\d{1,15}$/.test(id)) return undefined;
    const request = (await store.listRequests({ id: Number(id), now: now() }))[0];
    if (request === undefined || request.state !== "unconfirmed" || request.secret !== secret) return undefined;
    const list = await listAt(store, request.list);
    return list === undefined ? undefined : { request, list };
  };

  return {
    memberOf,
    leave,
    requestOf,

    /** Somebody wants to join, or to get posts in another way. Whoever asks hears of it by mail alone. */
    async wantsToJoin(
      list: List,
      address: string,
      displayName: string,
      delivery: Member["delivery"] | undefined,
    ): Promise<void> {
      const known = await memberOf(list, address);
      if (known !== undefined && !known.paused && (delivery ?? known.delivery) === known.delivery)
        return letters.already(list, known);
      if (list.settings.subscribing === "closed" && known === undefined) return letters.closed(list, address);
      await ask(list, address, displayName, delivery ?? "subscribe");
    },

    /** Somebody wants to leave, and has not proved who they are. */
    async wantsToLeave(list: List, address: string): Promise<void> {
      if ((await memberOf(list, address)) !== undefined) await ask(list, address, "", "unsubscribe");
    },

    /** Who has the token from the mail to the address has read it. */
    async confirm(
      token: string,
    ): Promise<{ readonly list: List; readonly request: ListRequest; readonly kind: Confirmed } | undefined> {
      const found = await requestOf(token);
      if (found === undefined) return undefined;
      const { request, list } = found;
      const { address } = request;
      if (request.action === "unsubscribe") {
        await store.removeListRequest(request.id);
        if (await leave(list, address, "confirmation")) await letters.goodbye(list, address);
        return { list, request, kind: "left" };
      }
      const known = await memberOf(list, address);
      if (known === undefined && list.settings.subscribing === "approved") {
        await store.changeListRequest(request.id, "waiting", now() + decideMs);
        await letters.wantsToJoin(list, request);
        await letters.waiting(list, address);
        return { list, request, kind: "waiting" };
      }
      await store.removeListRequest(request.id);
      if (known !== undefined) {
        await store.resumeListMember(list.address, address);
        const delivery = deliveryOf(request.action);
        if (delivery === undefined || delivery === known.delivery) return { list, request, kind: "joined" };
        await putMember(ports, list, address, { delivery });
        await note(list, address, { delivery });
        await letters.changed(list, address, delivery);
        return { list, request, kind: "changed" };
      }
      return { list, request, kind: (await join(list, request)) === "done" ? "joined" : "full" };
    },

    /** A moderator decides about somebody who has confirmed. */
    async decide(list: List, id: number, yes: boolean): Promise<"done" | "missing" | "full"> {
      const request = (await store.listRequests({ list: list.address, id, state: "waiting", now: now() }))[0];
      if (request === undefined) return "missing";
      if (yes && (await join(list, request)) === "full") return "full";
      await store.removeListRequest(id);
      return "done";
    },

    /** Whose link to leave this is. */
    async leaving(token: string): Promise<{ readonly list: List; readonly member: Member } | undefined> {
      const id = readListToken("leave", token, mac);
      const member = id === undefined ? undefined : (await store.listMembers({ id }))[0];
      const list = member === undefined ? undefined : await listAt(store, member.list);
      return member === undefined || list === undefined ? undefined : { list, member };
    },

    put: (list: List, address: string, about: MemberAbout) => putMember(ports, list, address, about),
  };
}
