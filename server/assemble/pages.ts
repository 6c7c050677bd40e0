/** Which pages are served: the webmail and the administrators' console. */
import { join } from "node:path";
import type { FastifyInstance } from "fastify";
import { servePage } from "../web/pages.ts";

const root = join(import.meta.dirname, "../..");

export function servePages(app: FastifyInstance): void {
  servePage(app, {
    base: "/",
    dist: join(root, "webmail", "dist"),
    fixed: ["favicon.svg", "icon-192.png", "icon-512.png", "frame.html", "manifest.webmanifest", "sw.js"],
    framed: ["frame.html"],
    also: ["invitation", "sign-up"],
  });
  servePage(app, {
    base: "/admin/",
    dist: join(root, "console", "dist"),
    fixed: ["favicon.svg"],
    framed: [],
    also: [],
  });
}
