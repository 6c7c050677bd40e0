/** Looks into a seed mailbox, by IMAP: where letters of ours have come. Nothing there is changed, not even what was read. */
import type { ImapFlow, ListResponse } from "imapflow";
import { fieldValue, type Header, splitHeader } from "../../protocol/mime/header.ts";
import type { Log } from "../base/log.ts";
import { connected, wordsOf } from "../carry/imap-connect.ts";
import { CannotCarry } from "../carry/put.ts";
import type { OAuthClient, Token } from "../fetch/access-token.ts";
import type { Guard } from "../net/guard.ts";
import type { Found } from "./run.ts";
import type { Seed } from "./schema.ts";

/** Of each folder the latest. */
const maxMessages = 500;
const maxFolders = 50;
const maxHeaderBytes = 256 * 1024;
const maxSaidChars = 300;

/** The header field that names run and seed. */
export const seedField = "X-Angarium-Seed";

export type Seen = Found & { readonly mark: string };
export type LookPorts = {
  readonly guard: Guard | undefined;
  readonly tokens: (client: OAuthClient) => Promise<Token>;
  readonly log: Log;
};

/** All letters with our field that lie there, by its value. Rejects with `CannotCarry`. */
export async function lookInto(
  seed: Pick<Seed, "address" | "host" | "port" | "tls" | "user" | "password" | "oauth" | "anyCertificate">,
  ports: LookPorts,
): Promise<{ readonly folders: readonly string[]; readonly seen: readonly Seen[] }> {
  const user = seed.user === "" ? seed.address : seed.user;
  const token = seed.oauth === undefined ? undefined : await ports.tokens(seed.oauth);
  if (token?.kind === "failed") throw new CannotCarry(token.why);
  const secret = token === undefined ? seed.password : { accessToken: token.token };
  const client = await connected({ ...seed, user }, secret, { ...ports, maxBytes: maxHeaderBytes });
  try {
    const folders = (await client.list())
      .map((folder) => ({ path: folder.path, role: roleOf(folder) }))
      .filter(({ role }) => role !== undefined)
      .sort((one, other) => order(one.role) - order(other.role))
      .slice(0, maxFolders);
    const seen = new Map<string, Seen>();
    for (const { path, role } of folders)
      for (const one of await inFolder(client, path, role as Role)) if (!seen.has(one.mark)) seen.set(one.mark, one);
    return { folders: folders.map(({ path }) => path), seen: [...seen.values()] };
  } catch (error) {
    if (error instanceof CannotCarry) throw error;
    throw new CannotCarry(`The connection to ${seed.host} broke: ${wordsOf(error)}.`);
  } finally {
    await Promise.race([client.logout().catch(() => {}), new Promise((resolve) => setTimeout(resolve, 2_000).unref())]);
    client.close();
  }
}

type Role = "inbox" | "junk" | "elsewhere";
/** What is in several folders counts where it is found first. */
const order = (role: Role | undefined): number => (role === "inbox" ? 0 : role === "junk" ? 1 : 2);

/** As providers call it that name no special use (RFC 6154). */
const junkNames =
  /^(?:junk|junk e-?mail|spam|bulk|bulk mail|spamverdacht|unerwünscht|indésirables|correo no deseado)$/i;

/** Undefined: nothing that has arrived lies there. */
export function roleOf({
  path,
  flags,
  specialUse,
  delimiter,
}: Pick<ListResponse, "path" | "flags" | "specialUse" | "delimiter">): Role | undefined {
  if (flags.has("\\Noselect") || flags.has("\\NonExistent")) return undefined;
  if (path.toUpperCase() === "INBOX") return "inbox";
  if (specialUse === "\\Junk") return "junk";
  if (specialUse === "\\Sent" || specialUse === "\\Drafts") return undefined;
  const name = path.split(delimiter || "\0").at(-1) ?? "";
  return specialUse === undefined && junkNames.test(name) ? "junk" : "elsewhere";
}

async function inFolder(client: ImapFlow, path: string, role: Role): Promise<readonly Seen[]> {
  const opened = await client.mailboxOpen(path, { readOnly: true });
  if (opened.exists === 0) return [];
  const first = Math.max(1, opened.exists - maxMessages + 1);
  const found: (Seen & { readonly uid: number })[] = [];
  const wanted = { uid: true, flags: true, internalDate: true, headers: [seedField, "Authentication-Results"] };
  for await (const { uid, flags, internalDate, headers } of client.fetch(`${first}:*`, wanted)) {
    if (headers === undefined) continue;
    const header = splitHeader(headers, 0, headers.length);
    const [mark] = valuesOf(header, seedField);
    if (mark === undefined) continue;
    const at = internalDate === undefined ? Number.NaN : new Date(internalDate).getTime();
    found.push({
      uid,
      mark,
      place: role,
      folder: path,
      arrivedAt: Number.isFinite(at) ? at : Date.now(),
      authentication: wordsOfResults(valuesOf(header, "Authentication-Results")[0] ?? ""),
      isRead: flags?.has("\\Seen") === true,
    });
  }
  if (role !== "inbox" || found.length === 0 || !client.capabilities.has("X-GM-EXT-1")) return found;
  // Gmail alone files within its inbox: all of it but Primary is a tab.
  const primary = (await client.search({ gmraw: "category:primary" }, { uid: true })) || [];
  const shownFirst = new Set(primary);
  return found.map((one) => (shownFirst.has(one.uid) ? one : { ...one, place: "tab" }));
}

const valuesOf = (header: Header, name: string): readonly string[] =>
  header.fields.filter((field) => field.name === name.toLowerCase()).map((field) => fieldValue(header, field));

/** The words that count of an Authentication-Results field (RFC 8601 §2.2): "spf=pass dkim=pass dmarc=pass". */
export function wordsOfResults(value: string): string {
  const found = new Map<string, string>();
  for (const [, method = "", result = ""] of value.matchAll(/(?:^|[;\s])(spf|dkim|dmarc|arc)\s*=\s*([a-z]+)/gi))
    if (!found.has(method.toLowerCase())) found.set(method.toLowerCase(), result.toLowerCase());
  return [...found]
    .map(([method, result]) => `${method}=${result}`)
    .join(" ")
    .slice(0, maxSaidChars);
}
