/** The service worker: the page without the network, parts of messages that were looked at, notices of new mail. */
/// <reference lib="webworker" />
import { addRoute, cleanupOutdatedCaches, precache } from "workbox-precaching";
import { clicked, pushed } from "../notices/tell.ts";
import { partsCache } from "../offline/parts.ts";

declare const self: ServiceWorkerGlobalScope;
declare const __PARTS__: { url: string; revision: string | null }[];

precache(__PARTS__);
addRoute();
cleanupOutdatedCaches();

/** Parts kept: the newest of this many, each up to this size. */
const maxParts = 80;
const maxPartBytes = 2 * 1024 * 1024;

/** Parts of messages never change: what was fetched once needs no network. */
async function part(request: Request): Promise<Response> {
  const cache = await caches.open(partsCache);
  const there = await cache.match(request.url);
  if (there !== undefined) return there;
  const response = await fetch(request);
  const size = Number(response.headers.get("content-length") ?? Number.POSITIVE_INFINITY);
  if (response.status === 200 && size <= maxPartBytes) {
    await cache.put(request.url, response.clone());
    const keys = await cache.keys();
    await Promise.all(keys.slice(0, Math.max(0, keys.length - maxParts)).map((key) => cache.delete(key)));
  }
  return response;
}

self.addEventListener("fetch", (event) => {
  const { request } = event;
  const url = new URL(request.url);
  if (request.method !== "GET" || url.origin !== self.location.origin) return;
  if (url.pathname.startsWith("/jmap/download/") && !request.headers.has("range")) event.respondWith(part(request));
});

self.addEventListener("message", (event) => {
  if (event.data === "take over") void self.skipWaiting();
});
self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));

self.addEventListener("push", (event) => {
  const data = event.data?.text();
  if (data !== undefined) event.waitUntil(pushed(self, data));
});

self.addEventListener("notificationclick", (event) => {
  event.notification.close();
  event.waitUntil(
    (async () => {
      const to = await clicked(event.action, event.notification.data);
      if (to === undefined) return;
      const [page] = await self.clients.matchAll({ type: "window" });
      if (page === undefined) return void (await self.clients.openWindow(to));
      await page.focus();
      page.postMessage({ go: to });
    })(),
  );
});
