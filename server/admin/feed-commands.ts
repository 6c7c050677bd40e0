/** Postmaster pages of receivers that are asked by themselves (docs/sending.md). */
import type { KnownFeed } from "../require/feeds.ts";
import { type Command, command, done, no, time } from "./command.ts";
import { line } from "./password-there.ts";

const off = "This is asked of the running server: start it, with enabled = true in [sending].";
const name = { type: "text", placed: true, required: true, help: "its name" } as const;

/** Without what is secret. */
const shown = ({ name: of, kind, apiUrl, askedAt, takenAt, said, failed }: KnownFeed) => ({
  name: of,
  kind,
  asks: URL.parse(apiUrl)?.host,
  state: askedAt === undefined ? "not asked yet" : failed === true ? "failed" : "works",
  said,
  askedAt: time(askedAt),
  takenAt: time(takenAt),
});

export const feedCommands: readonly Command[] = [
  command(
    "sending feed add",
    "Asks Postmaster Tools or SNDS by itself, every six hours; it is asked at once to see that it can be.",
    {
      name,
      kind: {
        type: "text",
        choices: ["postmaster", "snds"],
        required: true,
        help: "Gmail's Postmaster Tools, or Microsoft's SNDS",
      },
      clientId: { type: "text", help: "postmaster: of the OAuth client" },
      clientSecretFile: { type: "file", help: "postmaster: a file with the client's secret" },
      refreshTokenFile: {
        type: "file",
        help: "postmaster: a file with a refresh token of the scope postmaster.traffic.readonly",
      },
      tokenUrl: { type: "text", help: "postmaster: where tokens are refreshed; Google's by default" },
      keyFile: { type: "file", help: 'snds: a file with the key of "Automated Data Access"' },
      apiUrl: { type: "text", help: "where it is asked; the provider's own by default" },
    },
    async ({ name: of, kind, clientSecretFile, refreshTokenFile, keyFile, ...given }, { requiring }) => {
      if (requiring === undefined) return no(off);
      const { feeds } = requiring;
      const secrets = {
        clientSecret: line(clientSecretFile),
        refreshToken: line(refreshTokenFile),
        key: line(keyFile),
      };
      const all = Object.entries({ kind, ...given, ...secrets }).filter(([, value]) => value !== undefined);
      const wrong = await feeds.put(of, Object.fromEntries(all));
      if (wrong !== undefined) return no(wrong);
      const made = (await feeds.all()).find((one) => one.name === of)!;
      return done(shown({ ...made, ...(await feeds.askNow(made)) }));
    },
  ),
  command("sending feed list", "Postmaster pages that are asked, and what they said.", {}, async (_, { requiring }) =>
    requiring === undefined ? no(off) : done((await requiring.feeds.all()).map(shown)),
  ),
  command("sending feed ask", "Asks one now.", { name }, async ({ name: of }, { requiring }) => {
    if (requiring === undefined) return no(off);
    const found = (await requiring.feeds.all()).find((one) => one.name === of);
    if (found === undefined) return no(`There is no feed "${of}".`);
    return done(shown({ ...found, ...(await requiring.feeds.askNow(found)) }));
  }),
  command(
    "sending feed remove",
    "Asks it no more, and forgets its secrets.",
    { name },
    async ({ name: of }, { requiring }) =>
      requiring === undefined
        ? no(off)
        : (await requiring.feeds.remove(of))
          ? done({ removed: of })
          : no(`There is no feed "${of}".`),
  ),
];
