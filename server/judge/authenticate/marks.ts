/** Mark certificates, fetched when a domain first shows one and remembered: mail waits for them a moment at most. */

import type { X509Certificate } from "node:crypto";
import { setTimeout as wait } from "node:timers/promises";
import { gunzipSync } from "node:zlib";
import { checkMark } from "./mark.ts";

export type MarkAnswer = {
  readonly result: "pass" | "fail" | "temperror";
  readonly reason?: string;
  readonly type?: "VMC" | "CMC";
  /** The picture that the certificate holds, where it was asked for. */
  readonly svg?: Buffer;
};

export type Marks = {
  /** "later": still being fetched. */
  of(asked: {
    readonly authority: string;
    readonly location: string;
    readonly names: readonly string[];
  }): Promise<MarkAnswer | "later">;
};

export type MarksParts = {
  /** The body of an https resource; undefined where it cannot be had. Bounded in time and bytes. */
  readonly fetch: (url: string) => Promise<Buffer | undefined>;
  readonly roots: () => readonly X509Certificate[];
  readonly now: () => number; // milliseconds since 1970
  readonly waitMs?: number;
};

const maxRemembered = 2000;
/** Being fetched at a time; more are not checked. */
const maxFetching = 8;
const keepMs = 6 * 60 * 60 * 1000;
const keepTroubleMs = 10 * 60 * 1000;
const defaultWaitMs = 3000;
const maxSvgBytes = 1 << 20;

export function makeMarks({ fetch, roots, now, waitMs = defaultWaitMs }: MarksParts): Marks {
  const known = new Map<string, { readonly answer: Promise<MarkAnswer>; until: number }>();
  let fetching = 0;

  const look = async ({ authority, location, names }: Parameters<Marks["of"]>[0]): Promise<MarkAnswer> => {
    const [pem, picture] = await Promise.all([fetch(authority), location === "" ? undefined : fetch(location)]);
    if (pem === undefined) return { result: "temperror", reason: "the certificate cannot be fetched" };
    const mark = checkMark({ pem: pem.toString("latin1"), names, roots: roots(), now: now() });
    if (typeof mark === "string") return { result: "fail", reason: mark };
    if (location === "") return { result: "pass", type: mark.type };
    if (picture === undefined) return { result: "temperror", reason: "the picture cannot be fetched" };
    const same = unpacked(picture)?.equals(mark.svg) === true;
    return same
      ? { result: "pass", type: mark.type, svg: mark.svg }
      : { result: "fail", reason: "the picture is not that of the certificate" };
  };

  return {
    async of(asked) {
      const key = JSON.stringify([asked.authority, asked.location, asked.names]);
      let entry = known.get(key);
      if (entry === undefined || entry.until < now()) {
        if (fetching >= maxFetching) return "later";
        fetching++;
        const answer = look(asked).finally(() => fetching--);
        const fresh = { answer, until: now() + keepMs };
        answer.then(
          ({ result }) => {
            if (result !== "pass") fresh.until = now() + keepTroubleMs;
          },
          () => known.delete(key),
        );
        if (known.size >= maxRemembered) known.delete(known.keys().next().value!);
        known.set(key, fresh);
        entry = fresh;
      }
      const done = new AbortController();
      try {
        return await Promise.race([entry.answer, wait(waitMs, "later" as const, { ref: false, signal: done.signal })]);
      } finally {
        done.abort();
      }
    },
  };
}

function unpacked(picture: Buffer): Buffer | undefined {
  if (picture[0] !== 0x1f || picture[1] !== 0x8b) return picture;
  try {
    return gunzipSync(picture, { maxOutputLength: maxSvgBytes });
  } catch {
    return undefined;
  }
}
