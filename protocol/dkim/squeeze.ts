/**
 * The blanks of a body in relaxed form (RFC 6376 §3.4.4), many bytes at a time. JavaScript has no such instructions, so the loop is a WebAssembly
 * module; it is so short that it stands here instruction by instruction and is put together when this file is loaded.
 *
 * A byte is left out where it is a blank and the next one is a blank too, or the next two are CRLF; a blank that stays is a space. So each byte is
 * judged by itself and the two after it. `squeeze(from, until, to)` does that in one memory until `from` reaches `until`, in steps of up to
 * `stepBytes` bytes, and says how far it has read and written: `from` may end beyond `until`, and `beyondBytes` bytes after it are looked at.
 */
import { Buffer } from "node:buffer";

const memoryPages = 1; // of 64 KB: half of it for what is read, half for what is written
export const writtenAt = 32 * 1024;
const stepBytes = 32;
export const beyondBytes = stepBytes + 2;

/** What of it is used here; Node's types leave it to those of browsers. */
declare const WebAssembly: {
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Instance: new (
    module: object,
  ) => {
    readonly exports: {
      readonly memory: { readonly buffer: ArrayBuffer };
      readonly squeeze: (from: number, until: number, to: number) => [read: number, written: number];
    };
  };
};

type Code = readonly number[];

const get = (local: number): Code => [0x20, local];
const set = (local: number): Code => [0x21, local];
const tee = (local: number): Code => [0x22, local]; // set, and still there
const number = (value: number): Code => [0x41, value]; // up to 63
const [loop, ifAny, otherwise, end, againIf] = [[0x03, 0x40], [0x04, 0x40], [0x05], [0x0b], [0x0d, 0]] as const;
const [add, less, lowestBit] = [[0x6a], [0x49], [0x68]] as const;
/** Sixteen bytes: from memory, into the half that is written, or all alike. */
const read = (offset: number): Code => [0xfd, 0x00, 0, offset];
const write = (offset: number): Code => [0xfd, 0x0b, 0, ...leb(writtenAt + offset)];
const sixteen = (byte: number): Code => [0xfd, 0x0c, ...new Array<number>(16).fill(byte)];
/** Byte by byte: `choose` takes from the first where the third has ones, else from the second; `bits` makes a number with a bit for each. */
const [equal, larger, and, or] = [
  [0xfd, 0x23],
  [0xfd, 0x79],
  [0xfd, 0x4e],
  [0xfd, 0x50],
] as const;
const [choose, any, bits] = [
  [0xfd, 0x52],
  [0xfd, 0x53],
  [0xfd, 0x64],
] as const;

const [from, until, to, dropped, space, tab, cr, lf, here, next, blank] = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10] as const;
const [int, vector] = [0x7f, 0x7b] as const;

const isBlank = (bytes: number): Code =>
  [[...get(bytes), ...get(space), ...equal], [...get(bytes), ...get(tab), ...equal], or].flat();
const forward = (bytes: number): Code =>
  [
    [...get(from), ...number(bytes), ...add, ...set(from)],
    [...get(to), ...number(bytes), ...add, ...set(to)],
  ].flat();
/** A space beside another one or a control, or a tab: more than what changes, and quicker to find. */
const doubtful = (at: number): Code =>
  [
    [...get(from), ...read(at), ...tee(here), ...get(from), ...read(at + 1), ...larger, ...get(space), ...equal],
    [...get(here), ...get(tab), ...equal, ...or],
  ].flat();
const copy = (at: number): Code => [...get(to), ...get(from), ...read(at), ...write(at)];

const steps: readonly Code[] = [
  [...sixteen(32), ...set(space), ...sixteen(9), ...set(tab), ...sixteen(13), ...set(cr), ...sixteen(10), ...set(lf)],
  loop,
  [...doubtful(0), ...doubtful(16), ...or, ...any],
  ifAny,
  [...get(from), ...read(0), ...set(here), ...get(from), ...read(1), ...set(next)],
  [...isBlank(here), ...set(blank)],
  [...get(to), ...get(space), ...get(here), ...get(blank), ...choose, ...write(0)],
  // What is left out: blank and (next is blank, or CR with LF behind it).
  [...get(next), ...get(cr), ...equal, ...get(from), ...read(2), ...get(lf), ...equal, ...and],
  [...isBlank(next), ...or, ...get(blank), ...and, ...bits, ...tee(dropped)],
  ifAny, // on after the first that is left out; what was written of it and behind it is written over
  [...get(dropped), ...lowestBit, ...tee(dropped), ...get(to), ...add, ...set(to)],
  [...get(from), ...get(dropped), ...add, ...number(1), ...add, ...set(from)],
  otherwise,
  forward(16),
  end,
  otherwise,
  [...copy(0), ...copy(16), ...forward(stepBytes)],
  end,
  [...get(from), ...get(until), ...less, ...againIf],
  end,
  [...get(from), ...get(to)],
  end,
];

const locals = [2, 1, int, 7, vector]; // two sorts: dropped, and space to blank
const squeezeCode = [...locals, ...steps.flat()];
const text = (value: string): Code => [value.length, ...Buffer.from(value)];
const section = (id: number, content: Code): Code => [id, ...leb(content.length), ...content];
const module = new WebAssembly.Module(
  Uint8Array.from([
    ...[0, 0x61, 0x73, 0x6d, 1, 0, 0, 0], // "\0asm", version 1
    ...section(1, [1, 0x60, 3, int, int, int, 2, int, int]), // one type: three numbers give two
    ...section(3, [1, 0]), // one function, of that type
    ...section(5, [1, 0, memoryPages]),
    ...section(7, [2, ...text("memory"), 2, 0, ...text("squeeze"), 0, 0]),
    ...section(10, [1, ...leb(squeezeCode.length), ...squeezeCode]),
  ]),
);

const { exports } = new WebAssembly.Instance(module);
export const memory = new Uint8Array(exports.memory.buffer);
export const squeeze = exports.squeeze;

/** A number as WebAssembly writes it: seven bits at a time, the lowest first. */
function leb(value: number): number[] {
  return value < 128 ? [value] : [(value & 127) | 128, ...leb(value >>> 7)];
}
