/** Where the links of mailing lists lead: a POST does it (RFC 8058 §3.2), a GET shows a button, for mail scanners follow links. */
import type { FastifyInstance, FastifyRequest } from "fastify";
import { escapeHtml } from "../inject/personalise.ts";
import { page } from "./unsubscribe.ts";

export type ListLinks = {
  readonly leavePath: string;
  readonly confirmPath: string;
  readonly leaving: (token: string) => Promise<{ readonly list: string; readonly address: string } | undefined>;
  readonly leave: (token: string) => Promise<void>;
  readonly asked: (token: string) => Promise<
    | {
        readonly list: string;
        readonly address: string;
        readonly action: "subscribe" | "unsubscribe" | "each" | "daily" | "weekly" | "none";
      }
    | undefined
  >;
  readonly confirm: (token: string) => Promise<keyof typeof outcomes | undefined>;
};

const maxBodyBytes = 64 * 1024;
type Link = { readonly Params: { readonly token: string } };
const wrongLink = "<p>It is not complete, or it was used already, or its time is over.</p>";
const button = (words: string): string =>
  `<form method="post"><input type="hidden" name="List-Unsubscribe" value="One-Click"><button>${words}</button></form>`;
const wishes = {
  subscribe: "join",
  unsubscribe: "leave",
  each: "get each post by itself of",
  daily: "get the posts of each day together of",
  weekly: "get the posts of each week together of",
  none: "be a member, without posts, of",
} as const;
const outcomes = {
  changed: "You get the posts of the list in the way that you have asked for.",
  joined: "You are a member of the list now.",
  left: "You get no more mail of the list.",
  waiting: "Those who look after the list decide now. You will hear from them.",
  full: "The list is full. Ask those who look after it.",
} as const;

export function takeListLinks(app: FastifyInstance, links: ListLinks): void {
  app.register(async (scope) => {
    // RFC 8058 §3.1: multipart/form-data or a form; what it says is known from the address already.
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser("*", { parseAs: "buffer", bodyLimit: maxBodyBytes }, (_request, _body, done) =>
      done(null),
    );
    const token = (request: FastifyRequest<Link>): string => request.params.token.slice(0, 60);
    const leave = `${links.leavePath}:token`;
    scope.get<Link>(leave, async (request, reply) => {
      const about = await links.leaving(token(request));
      if (about === undefined) return page(reply, 404, "This link is not valid", wrongLink);
      const [list, address] = [escapeHtml(about.list), escapeHtml(about.address)];
      return page(
        reply,
        200,
        "Leave the list?",
        `<p>No more mail of <b>${list}</b> to <b>${address}</b>?</p>${button("Unsubscribe")}`,
      );
    });
    scope.post<Link>(leave, async (request, reply) => {
      const about = await links.leaving(token(request));
      // Who has left already has what they wanted.
      if (about !== undefined) await links.leave(token(request));
      return page(reply, 200, "Unsubscribed", "<p>You get no more mail of this list.</p>");
    });
    const confirm = `${links.confirmPath}:token`;
    scope.get<Link>(confirm, async (request, reply) => {
      const about = await links.asked(token(request));
      if (about === undefined) return page(reply, 404, "This link is not valid", wrongLink);
      const [list, address] = [escapeHtml(about.list), escapeHtml(about.address)];
      return page(
        reply,
        200,
        "Please confirm",
        `<p>May <b>${address}</b> ${wishes[about.action]} the list <b>${list}</b>?</p>${button("Confirm")}`,
      );
    });
    scope.post<Link>(confirm, async (request, reply) => {
      const kind = await links.confirm(token(request));
      if (kind === undefined) return page(reply, 404, "This link is not valid", wrongLink);
      return page(reply, 200, "Thank you", `<p>${outcomes[kind]}</p>`);
    });
  });
}
