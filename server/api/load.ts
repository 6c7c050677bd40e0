/** Gathers the routes: every file in `resources/` exports `routes`. Who adds a resource adds a file there and touches no other. */
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { Routes } from "./match.ts";
import type { Route } from "./route.ts";

const folder = join(import.meta.dirname, "resources");

export async function loadRoutes(): Promise<Routes> {
  const names = readdirSync(folder)
    .filter((name) => /^[a-z-]+\.(?:ts|js)$/.test(name))
    .sort();
  const modules = await Promise.all(
    names.map((name) => import(`./resources/${name}`) as Promise<{ readonly routes: readonly Route[] }>),
  );
  return new Routes(modules.flatMap(({ routes }, i) => routes.map((route) => ({ ...route, file: names[i] }))));
}
