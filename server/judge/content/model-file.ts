/** A model as a file: one line of JSON, then what was learned, compressed. */
import { join } from "node:path";
import { zstdCompressSync, zstdDecompressSync } from "node:zlib";
import { featureVersion } from "./features.ts";
import { emptyModel, type ModelState, modelBits } from "./model.ts";

type Head = {
  readonly angariumModel: 1;
  readonly features: number;
  readonly bits: number;
  readonly bias: number;
  readonly biasPrecision: number;
  readonly ham: number;
  readonly spam: number;
  readonly weights: number;
};

/** The model for servers that have none of their own; docs/filtering.md says how it is made, and from what. */
export const shippedModel = join(import.meta.dirname, "shipped.model");

/** What a model file may unpack to, at most. */
const maxUnpackedBytes = 64 * 1024 * 1024;

/** Only weights that learned something are written: 12 bytes each before compression. */
export function writeModel(model: ModelState): Buffer {
  const { weights, precision } = model;
  if (precision === undefined) throw new Error("A model for judging only is not written.");
  let count = 0;
  for (let i = 0; i < weights.length; i++) if (weights[i] !== 0) count++;
  const places = new Uint32Array(count);
  const values = new Float32Array(count);
  const precisions = new Float32Array(count);
  let at = 0;
  let last = 0;
  for (let i = 0; i < weights.length; i++) {
    if (weights[i] === 0) continue;
    places[at] = i - last;
    last = i;
    values[at] = weights[i]!;
    precisions[at] = precision[i]!;
    at++;
  }
  const head: Head = {
    angariumModel: 1,
    features: featureVersion,
    bits: modelBits,
    bias: model.bias,
    biasPrecision: model.biasPrecision,
    ham: model.ham,
    spam: model.spam,
    weights: count,
  };
  const body = Buffer.concat([places, values, precisions].map((array) => Buffer.from(array.buffer)));
  return Buffer.concat([Buffer.from(`${JSON.stringify(head)}\n`), zstdCompressSync(body)]);
}

/** Reads what `writeModel` wrote; a sentence where it is no model or one of another version. `judging` leaves out what only learning needs. */
export function readModel(bytes: Buffer, judging: boolean): ModelState | string {
  const end = bytes.indexOf(10);
  let head: Head;
  try {
    head = JSON.parse(bytes.toString("utf8", 0, Math.max(0, end))) as Head;
  } catch {
    return "This is no model of the filter.";
  }
  if (head.angariumModel !== 1) return "This is no model of the filter.";
  if (head.features !== featureVersion || head.bits !== modelBits)
    return "This model was learned by another version of the filter: train it again.";
  let body: Buffer;
  try {
    body = zstdDecompressSync(bytes.subarray(end + 1), { maxOutputLength: maxUnpackedBytes });
  } catch {
    return "This model is damaged.";
  }
  const count = head.weights;
  if (body.length !== count * 12) return "This model is damaged.";
  const model = emptyModel();
  const aligned = new Uint8Array(body).buffer;
  const places = new Uint32Array(aligned, 0, count);
  const values = new Float32Array(aligned, count * 4, count);
  const precisions = new Float32Array(aligned, count * 8, count);
  let place = 0;
  for (let i = 0; i < count; i++) {
    place += places[i]!;
    if (place >= model.weights.length) return "This model is damaged.";
    model.weights[place] = values[i]!;
    if (!judging) model.precision![place] = precisions[i]!;
  }
  return {
    weights: model.weights,
    precision: judging ? undefined : model.precision,
    bias: head.bias,
    biasPrecision: head.biasPrecision,
    ham: head.ham,
    spam: head.spam,
  };
}
