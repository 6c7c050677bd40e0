/**
 * Certificates of the many names that a provider hosts, beside the few that are always shown: read when a client asks for one, and only
 * so many are in memory. A server with twenty thousand domains starts as fast as one with a single one.
 */
import type { Log } from "../base/log.ts";
import type { CertificateFiles } from "./tls.ts";

/** So many are in memory: each holds a context of the TLS library. */
const maxLoaded = 1000;
/** So long one is shown without a look at its files. */
const freshMs = 30_000;

/** The files for a name that is asked for, made first where they have to be; undefined: it is no name of ours. */
export type FindFiles = (name: string) => Promise<CertificateFiles | undefined>;

type Entry<Shown> = { readonly shown: Shown; readonly at: number };

export class FurtherCertificates<Shown extends { readonly stamp: string }> {
  readonly #find: FindFiles;
  readonly #read: { load(files: CertificateFiles): Shown; stampOf(files: CertificateFiles): string };
  readonly #log: Log;
  /** By name, the one asked for last at the end. */
  readonly #loaded = new Map<string, Entry<Shown>>();
  readonly #looking = new Map<string, Promise<Shown | undefined>>();

  constructor(
    find: FindFiles,
    read: { load(files: CertificateFiles): Shown; stampOf(files: CertificateFiles): string },
    log: Log,
  ) {
    this.#find = find;
    this.#read = read;
    this.#log = log;
  }

  /** What was shown for this name last. */
  get(name: string): Shown | undefined {
    return this.#loaded.get(name)?.shown;
  }

  /** The certificate to show; undefined where there is none for this name. Never rejects. */
  async look(name: string): Promise<Shown | undefined> {
    const known = this.#loaded.get(name);
    if (known !== undefined && performance.now() - known.at < freshMs) {
      this.#loaded.delete(name);
      this.#loaded.set(name, known);
      return known.shown;
    }
    const looking = this.#looking.get(name) ?? this.#again(name, known);
    this.#looking.set(name, looking);
    try {
      return await looking;
    } catch (error) {
      this.#log.error({ error: (error as Error).message, name }, "certificate left out");
      return known?.shown;
    } finally {
      this.#looking.delete(name);
    }
  }

  /** All of them are read anew when they are asked for. */
  forget(): void {
    this.#loaded.clear();
  }

  async #again(name: string, known: Entry<Shown> | undefined): Promise<Shown | undefined> {
    const files = await this.#find(name);
    this.#loaded.delete(name);
    if (files === undefined) return undefined;
    const shown = known?.shown.stamp === this.#read.stampOf(files) ? known.shown : this.#read.load(files);
    this.#loaded.set(name, { shown, at: performance.now() });
    const [oldest] = this.#loaded.keys();
    if (this.#loaded.size > maxLoaded && oldest !== undefined) this.#loaded.delete(oldest);
    return shown;
  }
}
