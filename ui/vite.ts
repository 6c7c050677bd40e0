/** How both pages are built: `vite.config.ts` of each and scripts/build-pages.mjs ask here. */
import { join } from "node:path";
import { svelte } from "@sveltejs/vite-plugin-svelte";
import type { InlineConfig } from "vite";

/** What stands beside the hashed assets under a fixed name. */
const fixedNames = new Set(["sw"]);

/**
 * @param page the folder: "webmail" or "console"
 * @param base where it is served
 * @param entries more than index.html, by output name
 */
export function pages(page: string, base: string, entries: { readonly [name: string]: string } = {}): InlineConfig {
  const root = join(import.meta.dirname, "..", page);
  return {
    root,
    base,
    configFile: false,
    logLevel: "warn",
    plugins: [svelte({ configFile: false })],
    build: {
      target: "es2023",
      cssTarget: ["chrome123", "firefox120", "safari17.5"],
      outDir: "dist",
      // CSP: nothing inline, no data: scripts or fonts.
      assetsInlineLimit: 0,
      modulePreload: { polyfill: false },
      reportCompressedSize: false,
      chunkSizeWarningLimit: 2_000,
      rolldownOptions: {
        input: {
          index: join(root, "index.html"),
          ...Object.fromEntries(Object.entries(entries).map(([name, file]) => [name, join(root, file)])),
        },
        output: {
          entryFileNames: ({ name }) => (fixedNames.has(name) ? "[name].js" : "assets/[name]-[hash].js"),
          chunkFileNames: "assets/[name]-[hash].js",
          assetFileNames: "assets/[name]-[hash][extname]",
        },
      },
    },
    server: {
      fs: { allow: [join(root, "..")] },
      // `npm run dev` beside `angarium dev --cleartext-auth --ports http=8080`.
      proxy: Object.fromEntries(
        ["/jmap", "/auth", "/.well-known", "/api"].map((path) => [path, { target: "http://127.0.0.1:8080", ws: true }]),
      ),
    },
  };
}
