/** The archive of a list for whoever has the address of the page: no sign-in, no scripts, no addresses to collect. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { escapeHtml } from "../inject/personalise.ts";
import { page } from "./unsubscribe.ts";

export type PublicPost = {
  readonly id: number;
  readonly author: string;
  readonly subject: string;
  readonly at: number;
};
export type PublicList = {
  readonly address: string;
  readonly name: string;
  readonly description: string;
  readonly join: string;
};

export type PublicArchive = {
  /** With the list's address behind it, and the number of a post. */
  readonly path: string;
  /** Undefined where there is none, or where it is not for everybody. */
  readonly list: (address: string) => Promise<PublicList | undefined>;
  /** The newest first. */
  readonly posts: (address: string, limit: number, before: number | undefined) => Promise<readonly PublicPost[]>;
  /** What it says, as text, and the files that it has; "busy" where too many ask at once. */
  readonly read: (
    address: string,
    id: number,
  ) => Promise<(PublicPost & { readonly text: string; readonly files: readonly string[] }) | "busy" | undefined>;
};

const postsOfPage = 50;
const seconds = 60;
type Named = { readonly Params: { readonly list: string; readonly post?: string } };

/** "anna@example.org" is "anna@…": people see who wrote, programs get nothing to write to. */
export const withoutAddresses = (text: string): string =>
  // From the @ on, not from what stands before it: long words without one cost nothing.
  text.replace(/(?<=[^\s<>@"'()[\]:;,])@(?:[\p{L}\p{N}-]{1,63}\.)+[\p{L}\p{N}-]{1,63}/gu, "@…");

const shown = (text: string): string => escapeHtml(withoutAddresses(text));
const day = (at: number): string =>
  `<time datetime="${new Date(at).toISOString()}">${new Date(at).toISOString().slice(0, 16).replace("T", " ")} UTC</time>`;

export function serveArchives(app: FastifyInstance, archive: PublicArchive): void {
  const here = (address: string, rest = ""): string => `${archive.path}${encodeURIComponent(address)}${rest}`;
  const listOf = (request: FastifyRequest<Named>): Promise<PublicList | undefined> =>
    archive.list(request.params.list.toLowerCase());
  const nothing = (reply: FastifyReply): FastifyReply =>
    page(reply, 404, "There is nothing here", "<p>There is no such archive, or it is not for everybody.</p>");
  const answer = (reply: FastifyReply, title: string, body: string): FastifyReply =>
    page(
      reply.header("cache-control", `public, max-age=${seconds}`),
      200,
      title,
      `<style>body{max-width:46rem;margin:2rem auto}pre{white-space:pre-wrap;font:inherit;overflow-wrap:anywhere}li{margin:.6rem 0}ul{list-style:none;padding:0}small,time{opacity:.75}nav{display:flex;flex-wrap:wrap;gap:1.2rem}</style>${body}`,
    );

  app.get<Named>(`${archive.path}:list`, async (request, reply) => {
    const list = await listOf(request);
    if (list === undefined) return nothing(reply);
    const { before } = request.query as { readonly before?: unknown };
    const from = typeof before === "string" && /^\d{1,15}$/.test(before) ? Number(before) : undefined;
    const found = await archive.posts(list.address, postsOfPage + 1, from);
    const posts = found.slice(0, postsOfPage);
    const items = posts.map(
      ({ id, subject, author, at }) =>
        `<li><a href="${here(list.address, `/${id}`)}">${shown(subject) || "(no subject)"}</a><br><small>${shown(author)}, ${day(at)}</small></li>`,
    );
    const older = found.length > postsOfPage ? `<a href="?before=${posts.at(-1)?.id}">Older</a>` : "";
    const newest = from === undefined ? "" : `<a href="${here(list.address)}">Newest</a>`;
    return answer(
      reply,
      escapeHtml(list.name),
      `${list.description === "" ? "" : `<p>${escapeHtml(list.description)}</p>`}<p>To join, write to <a href="mailto:${escapeHtml(list.join)}">${escapeHtml(list.join)}</a>.</p>` +
        `${items.length === 0 ? "<p>Nothing was written yet.</p>" : `<ul>${items.join("")}</ul>`}<nav>${newest}${older}</nav>`,
    );
  });

  app.get<Named>(`${archive.path}:list/:post`, async (request, reply) => {
    const list = await listOf(request);
    const { post = "" } = request.params;
    const found =
      list === undefined || !/^\d{1,15}$/.test(post) ? undefined : await archive.read(list.address, Number(post));
    if (list === undefined || found === undefined) return nothing(reply);
    if (found === "busy")
      return page(
        reply.header("retry-after", "2"),
        503,
        "One moment",
        "<p>Too many read here at once: try it again.</p>",
      );
    const files = found.files.length === 0 ? "" : `<p><small>With: ${found.files.map(shown).join(", ")}</small></p>`;
    return answer(
      reply,
      shown(found.subject) || "(no subject)",
      `<p>${shown(found.author)}, ${day(found.at)}</p><pre>${shown(found.text)}</pre>${files}<nav><a href="${here(list.address)}">${escapeHtml(list.name)}</a></nav>`,
    );
  });
}
