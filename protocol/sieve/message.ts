/** A message as a script sees it, and as it changes it (RFC 5293, RFC 5703). Header text is decoded once, bodies when asked. */
import { Buffer } from "node:buffer";
import { decodeWords } from "../mime/fields/encoded-word.ts";
import { bytesOf, type Header, splitHeader, unfold } from "../mime/header.ts";
import { type Part, parseMessage } from "../mime/parse.ts";
import { partsOf } from "../mime/searchable.ts";

export type Field = {
  readonly name: string;
  /** Lower case. */
  readonly key: string;
  /** The whole field as it stands, line end included: a byte string. */
  readonly raw: string;
  /** Unfolded and trimmed: a byte string. */
  readonly value: string;
};

const noFields: readonly Field[] = Object.freeze([]);

/** Fields of a section by lower-case name, in order. */
class Fields {
  readonly list: Field[];
  readonly #decoded = new Map<string, readonly string[]>();
  #byKey: Map<string, Field[]> | undefined;

  constructor(header: Header) {
    this.list = fieldsOf(header);
  }

  named(key: string): readonly Field[] {
    if (this.#byKey === undefined) {
      this.#byKey = new Map();
      for (const field of this.list) {
        const known = this.#byKey.get(field.key);
        if (known === undefined) this.#byKey.set(field.key, [field]);
        else known.push(field);
      }
    }
    return this.#byKey.get(key) ?? noFields;
  }

  /** Values in Unicode. */
  values(key: string): readonly string[] {
    let values = this.#decoded.get(key);
    if (values === undefined) {
      values = this.named(key).map(({ value }) => decodeWords(value).trim());
      this.#decoded.set(key, values);
    }
    return values;
  }

  changed(): void {
    this.#byKey = undefined;
    this.#decoded.clear();
  }
}

function fieldsOf(header: Header): Field[] {
  const fields: Field[] = [];
  const { text } = header;
  for (const { name, start, valueStart, end } of header.fields) {
    if (name === "") continue;
    const written = text.slice(start, valueStart - 1).trimEnd();
    fields.push({
      name: written,
      key: name,
      raw: text.slice(start, end),
      value: unfold(text.slice(valueStart, end)).trim(),
    });
  }
  return fields;
}

export class SieveMessage {
  #raw: Buffer;
  #bodyStart: number;
  #fields: Fields;
  #root: Part | undefined;
  readonly #parts = new Map<Part, Fields>();
  /** The header differs from `#raw`. */
  #edited = false;
  /** Anything differs from what came. */
  #changed = false;
  #written: Buffer | undefined;
  /** Before it was enclosed: what `changedBytes` said. */
  #enclosed: { readonly bytes: Buffer | undefined } | undefined;

  constructor(raw: Uint8Array) {
    this.#raw = bytesOf(raw);
    const header = splitHeader(this.#raw, 0, this.#raw.length);
    this.#fields = new Fields(header);
    this.#bodyStart = header.end;
  }

  get sizeBytes(): number {
    return this.#edited ? this.bytes().length : this.#raw.length;
  }

  /** The message as it is now. */
  bytes(): Buffer {
    if (!this.#edited) return this.#raw;
    this.#written ??= Buffer.concat([
      Buffer.from(this.#fields.list.map(({ raw }) => (raw.endsWith("\n") ? raw : `${raw}\r\n`)).join(""), "latin1"),
      Buffer.from("\r\n"),
      this.#raw.subarray(this.#bodyStart),
    ]);
    return this.#written;
  }

  /** The bytes, where they differ from what came. */
  changedBytes(): Buffer | undefined {
    return this.#changed ? this.bytes() : undefined;
  }

  /** The same for who is sent it on: RFC 5703 §6, an enclosure is not for them. */
  redirectedBytes(): Buffer | undefined {
    return this.#enclosed === undefined ? this.changedBytes() : this.#enclosed.bytes;
  }

  /** Another message that has this one in it. */
  enclose(raw: Buffer): void {
    this.#enclosed ??= { bytes: this.changedBytes() };
    this.#replaceBytes(raw);
  }

  /** Body of the whole message. */
  body(): Buffer {
    return this.#raw.subarray(this.#bodyStart);
  }

  /** The tree of what the message is now. Its offsets are in `raw()`. */
  root(): Part {
    this.#settle();
    this.#root ??= parseMessage(this.#raw);
    return this.#root;
  }

  raw(): Buffer {
    this.#settle();
    return this.#raw;
  }

  /** Fields of the message, or of a part. `key` is lower case. */
  fields(key: string, part?: Part): readonly Field[] {
    return this.#of(part).named(key);
  }

  values(key: string, part?: Part): readonly string[] {
    return this.#of(part).values(key);
  }

  #of(part: Part | undefined): Fields {
    if (part === undefined || part === this.#root) return this.#fields;
    let fields = this.#parts.get(part);
    if (fields === undefined) this.#parts.set(part, (fields = new Fields(part.header)));
    return fields;
  }

  /** What was edited becomes the message. */
  #settle(): void {
    if (this.#edited) this.#replaceBytes(this.bytes());
  }

  #replaceBytes(raw: Buffer): void {
    this.#raw = raw;
    const header = splitHeader(raw, 0, raw.length);
    this.#fields = new Fields(header);
    this.#bodyStart = header.end;
    this.#root = undefined;
    this.#parts.clear();
    this.#edited = false;
    this.#written = undefined;
    this.#changed = true;
  }

  /** RFC 5293 §4: before all other fields, or after them. `raw` is a whole field. */
  addField(name: string, raw: string, value: string, last: boolean): void {
    const field = { name, key: name.toLowerCase(), raw, value };
    if (last) this.#fields.list.push(field);
    else this.#fields.list.unshift(field);
    this.#touched();
  }

  removeFields(gone: ReadonlySet<Field>): void {
    if (gone.size === 0) return;
    const { list } = this.#fields;
    list.splice(0, list.length, ...list.filter((field) => !gone.has(field)));
    this.#touched();
  }

  /** Other bytes altogether (RFC 5703 §5), or with other bytes where `part` stood: then answers the part that stands there now. */
  replace(raw: Buffer, part?: Part): Part | undefined {
    this.#replaceBytes(raw);
    return part === undefined ? undefined : this.partAt(part.start);
  }

  /** The part (not the message itself) that begins at this offset of `raw()`. */
  partAt(start: number): Part | undefined {
    const root = this.root();
    for (const one of partsOf(root)) if (one.start === start && one !== root) return one;
    return undefined;
  }

  /** All fields of the message in their order. */
  allFields(): readonly Field[] {
    return this.#fields.list;
  }

  #touched(): void {
    this.#fields.changed();
    this.#edited = true;
    this.#changed = true;
    this.#written = undefined;
    this.#root = undefined;
  }

  /** A message that changes apart from this one. */
  copy(): SieveMessage {
    const copy = new SieveMessage(this.bytes());
    copy.#changed = this.#changed;
    copy.#enclosed = this.#enclosed;
    return copy;
  }
}
