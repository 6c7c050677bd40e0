/** What is asked of the model with every message, found once for each model. */
import { mailboxSchedule, type Schedule } from "../queue/schedule.ts";
import type { Egress } from "../send/site.ts";
import { defaultName, type Model, scheduleOf, streamOf } from "./model.ts";
import type { Stream } from "./schema.ts";
import { sourcesOf } from "./sources.ts";

export class Lookups {
  readonly model: Model;
  /** Mail of nobody's tenant leaves as the server itself, whatever it is. */
  readonly plain: boolean;
  /** By tenant and name: those that there are. */
  readonly #streams = new Map<string, Map<string, Stream>>();
  readonly #sources = new Map<Stream, readonly Egress[]>();
  readonly #schedules = new Map<Stream, Schedule | undefined>();

  constructor(model: Model) {
    this.model = model;
    this.plain = !model.pool.has(defaultName);
  }

  /** As `streamOf`. */
  stream(tenant: string, name: string): Stream | undefined {
    const known = this.#streams.get(tenant)?.get(name);
    if (known !== undefined) return known;
    const found = streamOf(this.model, tenant, name);
    if (found !== undefined) this.#streamsOf(tenant).set(name, found);
    return found;
  }

  /** As `sourcesOf`: where there is one alone the seed does not matter. */
  sources(stream: Stream, seed: string): readonly Egress[] {
    let known = this.#sources.get(stream);
    if (known === undefined) {
      known = sourcesOf(this.model, stream, "");
      this.#sources.set(stream, known);
    }
    return known.length > 1 ? sourcesOf(this.model, stream, seed) : known;
  }

  /** Undefined: as the queue does by itself. */
  schedule(stream: Stream): Schedule | undefined {
    if (this.#schedules.has(stream)) return this.#schedules.get(stream);
    const own = scheduleOf(stream);
    const schedule = own === undefined ? undefined : { ...mailboxSchedule, ...own };
    this.#schedules.set(stream, schedule);
    return schedule;
  }

  #streamsOf(tenant: string): Map<string, Stream> {
    let known = this.#streams.get(tenant);
    if (known === undefined) {
      known = new Map();
      this.#streams.set(tenant, known);
    }
    return known;
  }
}
