/** How both pages are built: `vite.config.ts` of each and scripts/build-pages.mjs ask here. */
import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { svelte } from "@sveltejs/vite-plugin-svelte";
import { build, type InlineConfig, type Plugin } from "vite";

/**
 * Builds the service worker as one file of its own, `sw.js`, and writes into it what the page is made of: where there are hashed names,
 * nothing more; of the others, the hash of what is in them.
 */
function serviceWorker(root: string, source: string): Plugin {
  return {
    name: "service-worker",
    apply: "build",
    // After Vite's own, which makes index.html.
    generateBundle: {
      order: "post",
      async handler(_options, bundle) {
        const revision = (content: string | Uint8Array) =>
          createHash("sha256").update(content).digest("hex").slice(0, 16);
        const made = Object.values(bundle).map((file) => ({
          url: `/${file.fileName === "index.html" ? "" : file.fileName}`,
          revision: file.fileName.startsWith("assets/")
            ? null
            : revision(file.type === "chunk" ? file.code : file.source),
        }));
        const fixed = readdirSync(join(root, "public"), { withFileTypes: true })
          .filter((entry) => entry.isFile())
          .map(({ name }) => ({ url: `/${name}`, revision: revision(readFileSync(join(root, "public", name))) }));
        const worker = await build({
          root,
          configFile: false,
          logLevel: "warn",
          publicDir: false,
          define: {
            __PARTS__: JSON.stringify([...made, ...fixed]),
            "process.env.NODE_ENV": JSON.stringify("production"),
          },
          build: {
            target: "es2023",
            write: false,
            lib: { entry: join(root, source), formats: ["iife"], name: "worker", fileName: () => "sw.js" },
          },
        });
        const [output] = Array.isArray(worker) ? worker : [worker];
        if (output === undefined || !("output" in output)) throw new Error("The service worker was not built.");
        this.emitFile({ type: "asset", fileName: "sw.js", source: output.output[0].code });
      },
    },
  };
}

/**
 * @param page the folder: "webmail" or "console"
 * @param base where it is served
 * @param worker the source of its service worker, where it has one
 */
export function pages(page: string, base: string, worker?: string): InlineConfig {
  const root = join(import.meta.dirname, "..", page);
  return {
    root,
    base,
    configFile: false,
    logLevel: "warn",
    plugins: [svelte({ configFile: false }), ...(worker === undefined ? [] : [serviceWorker(root, worker)])],
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
        input: { index: join(root, "index.html") },
        // How long each plugin took says nothing to whoever installs a mail server.
        checks: { pluginTimings: false },
        output: {
          // What the first script imports, itself or through others, is one file: each file more goes through the service worker by itself,
          // and 42 of them took a third of a warm start.
          codeSplitting: { groups: [{ name: "page", tags: ["$initial"] }] },
          entryFileNames: "assets/[name]-[hash].js",
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
