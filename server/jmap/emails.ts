/** Emails as JMAP shows them: rows of the store, their bytes taken apart here where they are few, in a worker where they are many. */

import { type EmailWant, renderEmail } from "../../protocol/jmap/email.ts";
import { utcDateText } from "../../protocol/jmap/email-header.ts";
import { bytesNeeded } from "../../protocol/jmap/email-properties.ts";
import { emailBlobId, idOf } from "../../protocol/jmap/ids.ts";
import type { JsonObject } from "../../protocol/jmap/types.ts";
import { writtenChars } from "../../protocol/jmap/written.ts";
import type { EmailRow, MailState } from "../store/jmap.ts";
import { type AccountId, type EmailId, Flag, type Marks } from "../store/store.ts";
import type { Access } from "./access.ts";
import type { Call } from "./call.ts";
import type { JmapPorts } from "./ports.ts";

/** Bytes of messages that are taken apart on the spot. */
const maxQuickBytes = 96 * 1024;
/** Bytes of one task for a worker, unless one message has more. */
const maxTaskBytes = 2 * 1024 * 1024;

const systemKeywords: readonly (readonly [name: string, flag: number])[] = [
  ["$seen", Flag.seen],
  ["$answered", Flag.answered],
  ["$flagged", Flag.flagged],
  ["$draft", Flag.draft],
];

export function keywordsOf({ flags, keywords }: Marks): JsonObject {
  const out: { [keyword: string]: true } = {};
  for (const [name, flag] of systemKeywords) if ((flags & flag) !== 0) out[name] = true;
  for (const keyword of keywords) out[keyword] = true;
  return out;
}

/** RFC 8621 §4.1.1: 1 to 255 printable characters, but not ( ) { ] % * " \ */
const keywordPattern = /^[!#$&'+,\-./0-9:;<=>?@A-Z[^_`a-z|}~]{1,200}$/;

/** The marks for keywords of any case, or the one that is none. */
export function marksOf(keywords: readonly string[]): Marks | { readonly bad: string } {
  let flags = 0;
  const rest = new Set<string>();
  for (const keyword of keywords) {
    if (!keywordPattern.test(keyword)) return { bad: keyword };
    const lower = keyword.toLowerCase();
    const system = systemKeywords.find(([name]) => name === lower);
    if (system !== undefined) flags |= system[1];
    else if (lower === "$recent" || lower === "$deleted") return { bad: keyword };
    else rest.add(lower);
  }
  return { flags, keywords: [...rest] };
}

function known(row: EmailRow): JsonObject {
  return {
    id: idOf("M", row.email),
    blobId: emailBlobId(row.email),
    threadId: idOf("T", row.thread),
    mailboxIds: Object.fromEntries(row.mailboxes.map((id) => [idOf("F", id), true])),
    keywords: keywordsOf(row.marks),
    size: row.sizeBytes,
    receivedAt: utcDateText(row.receivedAt),
    hasAttachment: row.hasAttachment,
  };
}

/** Previews of emails, which never change: a list is shown again and again. */
export class PreviewMemory {
  readonly #previews = new Map<string, string>();
  readonly #max: number;

  constructor(max = 20_000) {
    this.#max = max;
  }

  get(account: AccountId, email: EmailId): string | undefined {
    return this.#previews.get(`${account} ${email}`);
  }

  put(account: AccountId, email: EmailId, preview: string): void {
    if (this.#previews.size >= this.#max) this.#previews.delete(this.#previews.keys().next().value as string);
    this.#previews.set(`${account} ${email}`, preview);
  }
}

export type Shown = {
  /** In the order of the ids. */
  readonly list: readonly { readonly email: EmailId; readonly object: JsonObject }[];
  readonly state: MailState;
};

export async function showEmails(
  ports: Pick<JmapPorts, "store" | "pool" | "ourHost">,
  previews: PreviewMemory,
  account: AccountId,
  ids: readonly EmailId[],
  want: EmailWant,
  { access, room }: Pick<Call, "access" | "room">,
): Promise<Shown | "too-large"> {
  const { properties } = want;
  const wantsValues = want.fetchAllBodyValues || want.fetchTextBodyValues || want.fetchHTMLBodyValues;
  const wantsPreview = properties.some(({ name }) => name === "preview");
  const isRemembered = wantsPreview && ids.every((id) => previews.get(account, id) !== undefined);
  const needed = bytesNeeded(
    isRemembered ? properties.filter(({ name }) => name !== "preview") : properties,
    wantsValues,
  );
  const list: { email: EmailId; object: JsonObject }[] = [];
  let state: MailState | undefined;
  let chars = 0;
  for (let rest = ids; state === undefined || rest.length > 0; ) {
    if (room.isFull) return "too-large";
    const answer = await ports.store.emailRows(account, rest, needed);
    state ??= answer.state;
    rest = answer.rest;
    const found = access.own ? answer.rows : readableRows(answer.rows, access);
    if (!room.takeBytes(found.reduce((sum, { bytes }) => sum + (bytes?.length ?? 0), 0))) return "too-large";
    const metas = found.map((row) => {
      const preview = wantsPreview ? previews.get(account, row.email) : undefined;
      return {
        known: preview === undefined ? known(row) : { ...known(row), preview },
        blobId: emailBlobId(row.email),
        ourHost: row.delivered ? ports.ourHost : undefined,
      };
    });
    const objects = await render(
      ports,
      found.map(({ bytes }) => bytes ?? noBytes),
      metas,
      want,
      { account, chars: room.chars - chars },
    );
    if (objects === "too-large") {
      room.readNoMore();
      return objects;
    }
    chars += objects.chars;
    for (const [i, row] of found.entries()) {
      const object = objects.list[i] as JsonObject;
      if (wantsPreview) previews.put(account, row.email, object["preview"] as string);
      list.push({ email: row.email, object });
    }
  }
  return { list, state };
}

/** What can be read of another's emails, and of their mailboxes those that can. */
const readableRows = (rows: readonly EmailRow[], access: Access): readonly EmailRow[] =>
  rows.flatMap((row) => {
    const mailboxes = row.mailboxes.filter((mailbox) => access.reads(mailbox));
    return mailboxes.length === 0 ? [] : [{ ...row, mailboxes }];
  });

const noBytes = new Uint8Array(0);

export type RenderMeta = Parameters<typeof renderEmail>[1];

/** Tasks of one request that are under way: two keep a thread busy, and others' tasks wait for few of them. */
const tasksAtOnce = 2;

/** Message by message the same as `renderEmail`, for `account`; "too-large" where they come to more than `chars` when they are written. */
export async function render(
  ports: Pick<JmapPorts, "pool">,
  raws: readonly Uint8Array[],
  metas: readonly RenderMeta[],
  want: EmailWant,
  { account, chars }: { readonly account: AccountId; readonly chars: number },
): Promise<{ readonly list: readonly JsonObject[]; readonly chars: number } | "too-large"> {
  const bytes = raws.reduce((sum, raw) => sum + raw.length, 0);
  const list: JsonObject[] = [];
  let used = 0;
  const take = (objects: readonly JsonObject[] | undefined): boolean => {
    for (const object of objects ?? []) {
      used += writtenChars(object, chars - used);
      list.push(object);
    }
    return objects !== undefined && used <= chars;
  };
  if (bytes <= maxQuickBytes) {
    for (const [i, raw] of raws.entries())
      if (!take([renderEmail(raw, metas[i] as RenderMeta, want)])) return "too-large";
    return { list, chars: used };
  }
  const tasks: Promise<readonly JsonObject[] | undefined>[] = [];
  for (let from = 0; from < raws.length; ) {
    let to = from;
    for (let size = 0; to < raws.length; to++) {
      size += raws[to]?.length ?? 0;
      if (size > maxTaskBytes && to > from) break;
    }
    const part = raws.slice(from, to);
    const task = {
      bytes: part.length === 1 ? (part[0] as Uint8Array) : Buffer.concat(part),
      lengths: part.map(({ length }) => length),
      metas: metas.slice(from, to),
      want,
      maxChars: chars - used,
    };
    tasks.push(ports.pool.run("jmap-render", task, `${account}`));
    from = to;
    if (tasks.length >= tasksAtOnce || from === raws.length)
      if (!(await Promise.all(tasks.splice(0))).every(take)) return "too-large";
  }
  return { list, chars: used };
}
