/** Where the reader is, as it stands behind # in the address: back, forward and bookmarks work. */
import type { Id } from "../jmap/types.ts";

export type Route =
  | {
      readonly view: "mail";
      /** Undefined: the inbox. */
      readonly mailbox: Id | undefined;
      /** One of the views that are no mailbox. */
      readonly special: Special | undefined;
      readonly search: string | undefined;
      /** Of another: what is searched is their mail. */
      readonly account: Id | undefined;
      readonly thread: Id | undefined;
    }
  | { readonly view: "settings"; readonly part: string }
  | { readonly view: "contacts"; readonly card: Id | undefined };

export const specials = ["starred", "unread", "pinned", "scheduled"] as const;
export type Special = (typeof specials)[number];

export function parseRoute(hash: string): Route {
  const [first = "", ...rest] = hash.replace(/^#\/?/, "").split("/").map(decode);
  const threadIn = (parts: readonly string[]) => (parts[0] === "t" && parts[1] ? parts[1] : undefined);
  const none = { mailbox: undefined, special: undefined, search: undefined, account: undefined };
  switch (first) {
    case "settings":
      return { view: "settings", part: rest[0] ?? "" };
    case "contacts":
      return { view: "contacts", card: rest[0] };
    case "m":
      return { view: "mail", ...none, mailbox: rest[0], thread: threadIn(rest.slice(1)) };
    case "search": {
      const [search = "", where, account] = rest;
      const of = where === "of" ? account : undefined;
      return { view: "mail", ...none, search, account: of, thread: threadIn(rest.slice(of === undefined ? 1 : 3)) };
    }
    default: {
      const special = specials.find((one) => one === first);
      return { view: "mail", ...none, special, thread: threadIn(special === undefined ? [first, ...rest] : rest) };
    }
  }
}

export function formatRoute(route: Route): string {
  const parts: string[] = [];
  switch (route.view) {
    case "settings":
      parts.push("settings", ...(route.part === "" ? [] : [route.part]));
      break;
    case "contacts":
      parts.push("contacts", ...(route.card === undefined ? [] : [route.card]));
      break;
    case "mail":
      if (route.search !== undefined)
        parts.push("search", route.search, ...(route.account === undefined ? [] : ["of", route.account]));
      else if (route.special !== undefined) parts.push(route.special);
      else if (route.mailbox !== undefined) parts.push("m", route.mailbox);
      if (route.thread !== undefined) parts.push("t", route.thread);
      break;
    default:
      return route satisfies never;
  }
  return `#/${parts.map(encodeURIComponent).join("/")}`;
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

let current = $state.raw<Route>(parseRoute(location.hash));
addEventListener("hashchange", () => {
  current = parseRoute(location.hash);
});

export const route = {
  get now(): Route {
    return current;
  },
};

/** The conversation that is open. */
export const openThread = (): Id | undefined => (route.now.view === "mail" ? route.now.thread : undefined);

/** `replace`: no new step for the back button. */
export function go(to: Route, { replace = false } = {}): void {
  const hash = formatRoute(to);
  if (hash === location.hash) return;
  if (replace) history.replaceState(null, "", hash);
  else history.pushState(null, "", hash);
  current = to;
}

export const inbox: Route = {
  view: "mail",
  mailbox: undefined,
  special: undefined,
  search: undefined,
  account: undefined,
  thread: undefined,
};

export const toMailbox = (id: Id): Route => ({ ...(inbox as Extract<Route, { view: "mail" }>), mailbox: id });
export const toSpecial = (special: Special): Route => ({ ...(inbox as Extract<Route, { view: "mail" }>), special });
/** @param account of another: their mail is searched */
export const toSearch = (search: string, account?: Id): Route => ({
  ...(inbox as Extract<Route, { view: "mail" }>),
  search,
  account,
});
/** The same list with a conversation opened, or none. */
export const withThread = (thread: Id | undefined): Route =>
  current.view === "mail" ? { ...current, thread } : { ...(inbox as Extract<Route, { view: "mail" }>), thread };
