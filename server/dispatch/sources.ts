/** The sources that may carry a stream's mail, and the ways that lead from them. */
import { byEgress, type Egress, type Path } from "../send/site.ts";
import { inOrder } from "./choose.ts";
import { defaultName, type Model, membersOf } from "./model.ts";
import type { Stream } from "./schema.ts";

/** Mail leaves as the server itself. */
const plainEgress: Egress = { name: defaultName, address: "", ehlo: "", proxy: "" };

/** In the order in which they are asked for one message, or whatever `seed` names. */
export function sourcesOf(model: Model, stream: Stream, seed: string): readonly Egress[] {
  const found: Egress[] = [];
  const seen = new Set<string>();
  let pool = model.pool.get(stream.pool);
  if (pool === undefined) return [plainEgress];
  for (let name = stream.pool; pool !== undefined && !seen.has(name); ) {
    seen.add(name);
    for (const member of inOrder(membersOf(pool.sources), seed)) {
      const source = model.source.get(member);
      if (source?.state !== "active" || found.some((one) => one.name === member)) continue;
      found.push({ name: member, address: source.address, ehlo: source.ehlo, proxy: source.proxy });
    }
    if (stream.overflow !== "" && stream.overflow !== "warm-pool") break;
    name = pool.overflow;
    pool = model.pool.get(name);
  }
  return found;
}

/** Ways by each source, by the way of the default one: the same object each time. */
export class EgressPaths {
  readonly #paths = new WeakMap<Path, Map<string, Path>>();

  by(path: Path, egress: Egress): Path {
    if (egress === plainEgress || path.protocol === "lmtp") return path;
    let known = this.#paths.get(path);
    if (known === undefined) {
      known = new Map();
      this.#paths.set(path, known);
    }
    const found = known.get(egress.name);
    const same = found?.egress;
    if (
      found !== undefined &&
      same?.address === egress.address &&
      same.ehlo === egress.ehlo &&
      same.proxy === egress.proxy
    )
      return found;
    const made = byEgress(path, egress);
    known.set(egress.name, made);
    return made;
  }
}
