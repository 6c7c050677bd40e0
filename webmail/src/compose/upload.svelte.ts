/** Attachments on their way to the server: in pieces that can be paused (RFC 9404 puts them together), or whole where it cannot. */
import { troubleOfStatus } from "../jmap/client.ts";
import { ownFields } from "../jmap/credentials.ts";
import { Trouble } from "../jmap/trouble.ts";
import { type Id, urn } from "../jmap/types.ts";
import { session } from "../state/session.svelte.ts";
import { clearAway } from "./clear-away.ts";

/** Smaller files go whole. */
const pieceBytes = 2 * 1024 * 1024;
/** RFC 9404 §4.1: a blob is made of a bounded number of pieces; the server's own bound is asked for below. */
const usualPieces = 64;
/** Nothing has moved for so long: the connection is not coming back by itself. */
const stallMs = 60_000;

export class Upload {
  readonly file: Blob & { readonly name?: string };
  readonly name: string;
  readonly type: string;
  /** 0 to 1. */
  done = $state(0);
  state = $state<"going" | "paused" | "done" | "failed">("going");
  problem = $state.raw<unknown>();
  blobId: Id | undefined;
  readonly #pieces: Id[] = [];
  #abort: AbortController | undefined;
  readonly #finished: (blobId: Id) => void;

  constructor(file: Blob & { readonly name?: string }, name: string, finished: (blobId: Id) => void) {
    this.file = file;
    this.name = name;
    this.type = /^[\w.+-]+\/[\w.+-]+$/.test(file.type) ? file.type : "application/octet-stream";
    this.#finished = finished;
    void this.#run();
  }

  pause(): void {
    if (this.state !== "going") return;
    this.state = "paused";
    this.#abort?.abort();
  }

  resume(): void {
    if (this.state !== "paused" && this.state !== "failed") return;
    this.state = "going";
    this.problem = undefined;
    void this.#run();
  }

  /** What has gone up of it goes again. */
  cancel(): void {
    this.state = "failed";
    this.#abort?.abort();
    this.#clearPieces();
  }

  #clearPieces(): void {
    const pieces = this.#pieces.splice(0);
    if (pieces.length > 0) clearAway(pieces).catch(() => {});
  }

  async #run(): Promise<void> {
    const { client } = session;
    try {
      const pausable = client.has(urn.blob) && this.file.size > pieceBytes;
      const size = pausable
        ? Math.max(pieceBytes, Math.ceil(this.file.size / usualPieces))
        : Math.max(1, this.file.size);
      const count = Math.max(1, Math.ceil(this.file.size / size));
      while (this.#pieces.length < count) {
        const at = this.#pieces.length;
        const piece = this.file.slice(at * size, (at + 1) * size);
        const blobId = await this.#send(piece, (part) => {
          this.done = Math.min(1, (at * size + part * piece.size) / Math.max(1, this.file.size));
        });
        this.#pieces.push(blobId);
        if (this.state !== "going") return this.state === "failed" ? this.#clearPieces() : undefined;
      }
      let [blobId] = this.#pieces as [Id];
      if (count > 1) {
        const answer = await client.set("Blob/upload", {
          create: { whole: { data: this.#pieces.map((piece) => ({ blobId: piece })), type: this.type } },
        });
        blobId = answer.created.whole.id as Id;
        this.#clearPieces();
      }
      if (this.state !== "going") return;
      this.done = 1;
      this.blobId = blobId;
      this.state = "done";
      this.#finished(blobId);
    } catch (error) {
      if (this.state !== "going") return;
      if (error instanceof Trouble && error.kind === "away" && client.aside !== undefined) {
        const kept = await client.aside.keepFile(this.file.slice(0, this.file.size, this.type)).catch(() => undefined);
        if (kept !== undefined && this.state === "going") {
          this.done = 1;
          this.blobId = kept;
          this.state = "done";
          this.#finished(kept);
          return;
        }
      }
      this.problem = error;
      this.state = "failed";
    }
  }

  /** XMLHttpRequest: fetch does not tell how far it is. */
  #send(piece: Blob, progress: (part: number) => void): Promise<Id> {
    return new Promise((resolve, reject) => {
      const request = new XMLHttpRequest();
      this.#abort = new AbortController();
      this.#abort.signal.addEventListener("abort", () => request.abort());
      request.open("POST", session.client.uploadUrl());
      request.setRequestHeader("content-type", this.type);
      for (const [name, value] of Object.entries(ownFields())) request.setRequestHeader(name, value);
      request.responseType = "json";
      let stall = setTimeout(() => request.abort(), stallMs);
      request.addEventListener("loadend", () => clearTimeout(stall));
      request.upload.addEventListener("progress", ({ loaded, total }) => {
        clearTimeout(stall);
        stall = setTimeout(() => request.abort(), stallMs);
        progress(total > 0 ? loaded / total : 0);
      });
      request.addEventListener("load", () => {
        const answer = request.response as { blobId?: Id; type?: string; detail?: string } | null;
        if (request.status >= 200 && request.status < 300 && answer?.blobId !== undefined)
          return resolve(answer.blobId);
        reject(troubleOfStatus(request.status, answer ?? {}));
      });
      request.addEventListener("error", () => reject(new Trouble("away")));
      request.addEventListener("abort", () => reject(new Trouble("away")));
      request.send(piece);
    });
  }
}
