/**
 * Pictures that messages point to, fetched in place of their reader: the sender's server sees this server, no address, cookie, language or
 * program of a person, and nothing at all until somebody asks. What was fetched is kept for a while, for everybody.
 */
import { type PictureType, pictureType } from "./picture-type.ts";
import { type Ask, fetchResource } from "./resource.ts";

export type Picture =
  | { readonly kind: "picture"; readonly type: PictureType; readonly bytes: Buffer }
  | { readonly kind: "none"; readonly status: 400 | 404 | 415 | 502 | 503; readonly why: string };

export const maxPictureBytes = 10 * 1024 * 1024;
const timeoutMs = 10_000;
const maxRedirects = 5;
const maxKeptBytes = 64 * 1024 * 1024;
const maxKept = 5_000;
const keepMs = 60 * 60_000;
const keepTroubleMs = 60_000;
/** Under way at a time, of all accounts together; more have to ask again. */
const maxFetching = 64;

const headers = { "user-agent": "Mozilla/5.0 (compatible; Angarium picture proxy)", accept: "image/*,*/*;q=0.1" };

type Kept = { readonly picture: Picture; readonly until: number };

export class Pictures {
  readonly #ask: Ask;
  readonly #now: () => number;
  readonly #kept = new Map<string, Kept>();
  readonly #fetching = new Map<string, Promise<Picture>>();
  #keptBytes = 0;

  constructor(ask: Ask, now: () => number) {
    this.#ask = ask;
    this.#now = now;
  }

  /** Never rejects. */
  async of(url: string): Promise<Picture> {
    const kept = this.#kept.get(url);
    if (kept !== undefined && kept.until > this.#now()) {
      // Last used, last to go.
      this.#kept.delete(url);
      this.#kept.set(url, kept);
      return kept.picture;
    }
    const waiting = this.#fetching.get(url);
    if (waiting !== undefined) return waiting;
    if (this.#fetching.size >= maxFetching)
      return { kind: "none", status: 503, why: "Too many pictures are being fetched: ask again in a moment." };
    const asked = this.#fetch(url).then((picture) => {
      this.#fetching.delete(url);
      this.#keep(url, picture);
      return picture;
    });
    this.#fetching.set(url, asked);
    return asked;
  }

  async #fetch(url: string): Promise<Picture> {
    const wanted = { method: "GET", headers, timeoutMs, maxBytes: maxPictureBytes, maxRedirects } as const;
    const answer = await fetchResource(url, wanted, this.#ask);
    if (answer.kind === "failed")
      return { kind: "none", status: answer.what === "refused" ? 400 : 502, why: answer.why };
    if (answer.status !== 200) return { kind: "none", status: 404, why: `Its server answered ${answer.status}.` };
    const type = pictureType(answer.body);
    if (type === undefined) return { kind: "none", status: 415, why: "This is no picture that can be shown." };
    return { kind: "picture", type, bytes: answer.body };
  }

  #keep(url: string, picture: Picture): void {
    this.#drop(url);
    const lasts = picture.kind === "picture" ? keepMs : keepTroubleMs;
    this.#kept.set(url, { picture, until: this.#now() + lasts });
    this.#keptBytes += sizeOf(picture);
    for (const oldest of this.#kept.keys()) {
      if (this.#keptBytes <= maxKeptBytes && this.#kept.size <= maxKept) break;
      this.#drop(oldest);
    }
  }

  #drop(url: string): void {
    const kept = this.#kept.get(url);
    if (kept === undefined) return;
    this.#kept.delete(url);
    this.#keptBytes -= sizeOf(kept.picture);
  }
}

const sizeOf = (picture: Picture): number => (picture.kind === "picture" ? picture.bytes.length : 0);
