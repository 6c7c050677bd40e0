import { parseRoutes, routeMistakeWords, tlsModes } from "../send/route.ts";
import { withheldOf, withheldSetting, withheldWords } from "../store/withheld.ts";
import { backUp } from "./back-up.ts";
import { type Command, command, done, no, time } from "./command.ts";
import { counted } from "./progress.ts";

const routesSetting = "routes";
type RawRoute = { readonly [key: string]: unknown };

async function readRoutes(store: { setting(key: string): Promise<unknown> }): Promise<readonly RawRoute[]> {
  const value = await store.setting(routesSetting);
  return Array.isArray(value) ? (value as readonly RawRoute[]) : [];
}

const withoutPassword = ({ password, ...route }: RawRoute): RawRoute =>
  password === undefined ? route : { ...route, password: "…" };

export const serverCommands: readonly Command[] = [
  command("status", "What runs and how much there is to do.", {}, async (_, { store, running, hostname }) => {
    const [domains, accounts, queued, withheld] = await Promise.all([
      store.domains(),
      store.accounts(),
      store.queueCount(),
      store.setting(withheldSetting).then(withheldOf),
    ]);
    const counts = {
      hostname,
      domains: domains.length,
      accounts: accounts.length,
      queuedRecipients: queued,
      ...(withheld === undefined ? {} : { outgoing: withheldWords(withheld) }),
    };
    if (running === undefined) return done({ running: false, ...counts });
    const { startedAt, ...rest } = running();
    return done({ running: true, ...rest, startedAt: time(startedAt), ...counts });
  }),
  command("route list", "Routes of outbound mail, in the order they are tried.", {}, async (_, { store }) =>
    done((await readRoutes(store)).map((route, index) => ({ number: index + 1, ...withoutPassword(route) }))),
  ),
  command(
    "route add",
    "Send mail for a domain, or from a sender, another way than by MX.",
    {
      to: {
        type: "text",
        placed: true,
        required: true,
        help: "mx, smtp:HOST[:PORT], smtps:HOST[:PORT] or lmtp:HOST[:PORT]",
      },
      domain: { type: "text", help: "recipient domain; .example.org takes those below it too" },
      sender: { type: "text", help: "envelope sender: anna@example.org, @example.org or <>" },
      tls: { type: "text", choices: tlsModes, help: "never, opportunistic, required, verified or implicit" },
      user: { type: "text", help: "login at the smart host" },
      password: { type: "text", help: "its password" },
      first: { type: "flag", help: "before the others, not after them" },
    },
    async ({ first, ...route }, { store }) => {
      const fresh = Object.fromEntries(Object.entries(route).filter(([, value]) => value !== undefined));
      const before = await readRoutes(store);
      const after = first ? [fresh, ...before] : [...before, fresh];
      const { mistakes } = parseRoutes(after);
      if (mistakes.length > 0) return no(mistakes.map(routeMistakeWords).join(" "));
      await store.putSetting(routesSetting, after);
      return done(withoutPassword(fresh));
    },
  ),
  command(
    "route remove",
    "Remove a route.",
    { number: { type: "number", placed: true, required: true, help: "its number in route list" } },
    async ({ number }, { store }) => {
      const before = await readRoutes(store);
      const removed = before[number - 1];
      if (removed === undefined) return no(`There is no route ${number}. See them all: angarium route list`);
      await store.putSetting(
        routesSetting,
        before.filter((_, index) => index !== number - 1),
      );
      return done({ removed: withoutPassword(removed) });
    },
  ),
  command(
    "route set",
    "Replace all routes by a JSON list.",
    { routes: { type: "json", placed: true, required: true, help: '[{"domain":"example.org","to":"smtp:host:25"}]' } },
    async ({ routes }, { store }) => {
      const { routes: good, mistakes } = parseRoutes(routes);
      if (mistakes.length > 0) return no(mistakes.map(routeMistakeWords).join(" "));
      await store.putSetting(routesSetting, routes);
      return done({ routes: good.length });
    },
  ),
  command(
    "backup",
    "Copy everything into an empty folder, while the server runs.",
    { folder: { type: "text", placed: true, required: true, help: "an empty or missing folder, by its full path" } },
    async ({ folder }, world, progress) => {
      if (!folder.startsWith("/")) return no("Give the folder by its full path: the server may run in another one.");
      const unhashed = await backUp(world, folder, counted(progress, "copied"), progress);
      return done({ backup: folder, ...(unhashed === undefined ? {} : { note: unhashed }) });
    },
  ),
  command(
    "verify",
    "Read everything and check it against everything else.",
    {},
    async (_, { store }, progress) => {
      const wrong = await store.verify(counted(progress, "checked"));
      return wrong.length === 0 ? done({ wrong: 0 }) : no(wrong.join("\n"));
    },
    () => "Nothing is wrong.",
  ),
];
