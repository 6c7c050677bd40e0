/** The mail part of a Store, in memory, for tests of protocols. */
import { factsOf } from "../../protocol/mime/facts-of.ts";
import type { SearchKey } from "../../server/store/search-key.ts";
import type { Change, FlagBits, Mailbox, MessageRow, SpecialUse, Store, UidRange } from "../../server/store/store.ts";

type Message = { -readonly [name in keyof MessageRow]: MessageRow[name] } & { bytes: Uint8Array };
type Box = {
  id: number;
  path: string;
  role: SpecialUse | undefined;
  subscribed: boolean;
  uidNext: number;
  modseq: number;
  recentFrom: number;
  keywords: Set<string>;
  messages: Message[];
  expunged: { uid: number; modseq: number }[];
};

const inside = (ranges: readonly UidRange[], uid: number): boolean =>
  ranges.some(([low, high]) => uid >= low && uid <= high);

export function memoryStore(): Store & { fail: Error | undefined } {
  let modseq = 10;
  let objects = 0;
  let emails = 0;
  const boxes = new Map<number, Box>();
  const listeners = new Set<(changes: readonly Change[]) => void>();
  const publish = (change: Change): void => {
    for (const listener of listeners) listener([change]);
  };
  const add = (path: string, role?: SpecialUse): Box => {
    const box: Box = {
      id: ++objects,
      path,
      role,
      subscribed: true,
      uidNext: 1,
      modseq: ++modseq,
      recentFrom: 1,
      keywords: new Set(),
      messages: [],
      expunged: [],
    };
    boxes.set(box.id, box);
    return box;
  };
  add("INBOX", "inbox");
  add("Sent", "sent");
  add("Trash", "trash");
  const show = (box: Box): Mailbox => {
    const parent = [...boxes.values()].find((other) => box.path.slice(0, box.path.lastIndexOf("/")) === other.path);
    return {
      id: box.id,
      parent: box.path.includes("/") ? parent?.id : undefined,
      name: box.path.slice(box.path.lastIndexOf("/") + 1),
      path: box.path,
      role: box.role,
      subscribed: box.subscribed,
      uidValidity: 1000 + box.id,
      uidNext: box.uidNext,
      highestModseq: box.modseq,
      messages: box.messages.length,
      unseen: box.messages.filter((message) => !(message.flags & 1)).length,
      deleted: box.messages.filter((message) => message.flags & 8).length,
      sizeBytes: box.messages.reduce((sum, message) => sum + message.sizeBytes, 0),
    };
  };
  const put = (box: Box, bytes: Uint8Array, flags: FlagBits, keywords: readonly string[], at: number): Message => {
    const facts = factsOf(bytes);
    const message: Message = {
      uid: box.uidNext++,
      flags,
      keywords,
      modseq,
      sizeBytes: bytes.length,
      receivedAt: at,
      savedAt: at,
      email: ++emails,
      thread: emails,
      content: emails,
      envelope: facts.envelope,
      structure: facts.structure,
      subject: facts.subject,
      sentAt: facts.sentAt,
      messageId: facts.messageId,
      headerBytes: facts.headerBytes,
      bytes,
      header: bytes.subarray(0, facts.headerBytes),
    };
    for (const keyword of keywords) box.keywords.add(keyword);
    box.messages.push(message);
    box.modseq = modseq;
    return message;
  };
  const matches = (message: Message, key: SearchKey): boolean => {
    const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString("utf8").toLowerCase();
    switch (key.kind) {
      case "all":
        return true;
      case "none":
        return false;
      case "and":
        return key.keys.every((inner) => matches(message, inner));
      case "or":
        return key.keys.some((inner) => matches(message, inner));
      case "not":
        return !matches(message, key.key);
      case "uids":
        return inside(key.uids, message.uid);
      case "flag":
        return (message.flags & key.flag) === key.flag;
      case "keyword":
        return message.keywords.some((keyword) => keyword.toLowerCase() === key.keyword.toLowerCase());
      case "larger":
        return message.sizeBytes > key.bytes;
      case "smaller":
        return message.sizeBytes < key.bytes;
      case "modseq":
        return message.modseq >= key.from;
      case "email":
        return message.email === key.email;
      case "thread":
        return message.thread === key.thread;
      case "date": {
        const at = (key.of === "sent" ? message.sentAt : message.receivedAt) ?? 0;
        return at >= (key.from ?? 0) && at < (key.before ?? Number.POSITIVE_INFINITY);
      }
      case "header":
        return new RegExp(`^${key.name}:.*${key.needle}`, "im").test(text(message.header as Uint8Array));
      case "body":
      case "text":
        return text(message.bytes).includes(key.needle.toLowerCase());
      default:
        return key satisfies never;
    }
  };
  const gone = { kind: "no-mailbox" } as const;
  const store = {
    fail: undefined as Error | undefined,
    subscribe(listener: (changes: readonly Change[]) => void) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    async accounts() {
      return [];
    },
    async mailboxes() {
      if (store.fail) throw store.fail;
      return [...boxes.values()].map(show);
    },
    async openMailbox(_account: number, id: number) {
      const box = boxes.get(id);
      if (box === undefined) return gone;
      const unseen = box.messages.findIndex((message) => !(message.flags & 1));
      return {
        mailbox: show(box),
        uids: Uint32Array.from(box.messages, (message) => message.uid),
        firstUnseen: unseen < 0 ? undefined : unseen + 1,
        recentFrom: box.recentFrom,
        keywords: [...box.keywords],
        tombstonesFrom: 0,
      };
    },
    async takeRecent(_account: number, id: number) {
      const box = boxes.get(id) as Box;
      const from = box.recentFrom;
      box.recentFrom = box.uidNext;
      return from;
    },
    async fetch(_account: number, id: number, uids: readonly UidRange[]) {
      if (store.fail) throw store.fail;
      const found = (boxes.get(id)?.messages ?? []).filter((message) => inside(uids, message.uid));
      return { rows: found.slice(0, 7).map((row) => ({ ...row })), next: found[7]?.uid };
    },
    async content(content: number) {
      for (const box of boxes.values()) for (const row of box.messages) if (row.content === content) return row.bytes;
      return undefined;
    },
    async changesSince(_account: number, id: number, since: number) {
      if (store.fail) throw store.fail;
      const box = boxes.get(id);
      if (box === undefined) return gone;
      return {
        kind: "done",
        changed: box.messages
          .filter((message) => message.modseq > since)
          .map(({ uid, flags, keywords, modseq }) => ({ uid, flags, keywords, modseq })),
        vanished: box.expunged
          .filter((one) => one.modseq > since)
          .map((one) => one.uid)
          .sort((a, b) => a - b),
        uidNext: box.uidNext,
        highestModseq: box.modseq,
      };
    },
    async search(_account: number, id: number, key: SearchKey) {
      if (store.fail) throw store.fail;
      const found = (boxes.get(id)?.messages ?? []).filter((message) => matches(message, key));
      return { uids: found.map((row) => row.uid), highestModseq: Math.max(0, ...found.map((row) => row.modseq)) };
    },
    async sort(account: number, id: number, key: SearchKey, order: readonly { by: string; reverse: boolean }[]) {
      const { uids } = await store.search(account, id, key);
      const rows = (boxes.get(id) as Box).messages.filter((row) => uids.includes(row.uid));
      const value = (row: Message, by: string): string | number =>
        by === "subject" ? (row.subject as string) : by === "size" ? row.sizeBytes : row.uid;
      rows.sort((a, b) => {
        for (const { by, reverse } of order) {
          const [x, y] = [value(a, by), value(b, by)];
          if (x !== y) return (x < y ? -1 : 1) * (reverse ? -1 : 1);
        }
        return a.uid - b.uid;
      });
      return { uids: rows.map((row) => row.uid) };
    },
    async setFlags(_account: number, id: number, change: Parameters<Store["setFlags"]>[2]) {
      const box = boxes.get(id);
      if (box === undefined) return gone;
      const next = modseq + 1;
      const changed: Message[] = [];
      const modified: number[] = [];
      for (const message of box.messages) {
        if (!inside(change.uids, message.uid)) continue;
        if (change.unchangedSince !== undefined && message.modseq > change.unchangedSince) {
          modified.push(message.uid);
          continue;
        }
        const { flags, keywords } = change.marks;
        const [oldFlags, oldKeywords] = [message.flags, message.keywords];
        if (change.mode === "replace") [message.flags, message.keywords] = [flags, keywords];
        if (change.mode === "add") {
          message.flags |= flags;
          message.keywords = [...new Set([...message.keywords, ...keywords])];
        }
        if (change.mode === "remove") {
          message.flags &= ~flags;
          message.keywords = message.keywords.filter((keyword) => !keywords.includes(keyword));
        }
        if (message.flags === oldFlags && message.keywords.join() === oldKeywords.join()) continue;
        for (const keyword of message.keywords) box.keywords.add(keyword);
        message.modseq = next;
        changed.push(message);
      }
      if (changed.length > 0) {
        modseq = box.modseq = next;
        publish({ kind: "mail", account: 1, mailbox: id, modseq });
      }
      return { kind: "done", changed: changed.map((row) => ({ ...row })), modified, modseq };
    },
    async append(_account: number, id: number, messages: Parameters<Store["append"]>[2]) {
      const box = boxes.get(id);
      if (box === undefined) return gone;
      modseq++;
      const rows = messages.map((message) =>
        put(box, message.bytes, message.marks.flags, message.marks.keywords, message.receivedAt),
      );
      publish({ kind: "mail", account: 1, mailbox: id, modseq });
      return { kind: "done", uidValidity: 1000 + id, uids: rows.map((row) => row.uid), emails: [], modseq };
    },
    async copy(_account: number, id: number, uids: readonly UidRange[], to: number) {
      const [box, target] = [boxes.get(id), boxes.get(to)];
      if (box === undefined) return gone;
      if (target === undefined) return { kind: "no-target" };
      const rows = box.messages.filter((message) => inside(uids, message.uid));
      modseq++;
      const made = rows.map((row) => {
        const copy = { ...row, uid: target.uidNext++, modseq };
        target.messages.push(copy);
        return copy.uid;
      });
      target.modseq = modseq;
      publish({ kind: "mail", account: 1, mailbox: to, modseq });
      return { kind: "done", uidValidity: 1000 + to, from: rows.map((row) => row.uid), to: made, modseq };
    },
    async move(account: number, id: number, uids: readonly UidRange[], to: number) {
      const result = await store.copy(account, id, uids, to);
      if (result.kind !== "done") return result;
      const box = boxes.get(id) as Box;
      box.messages = box.messages.filter((message) => !result.from?.includes(message.uid));
      for (const uid of result.from ?? []) box.expunged.push({ uid, modseq });
      box.modseq = modseq;
      publish({ kind: "mail", account: 1, mailbox: id, modseq });
      return result;
    },
    async expunge(_account: number, id: number, uids: readonly UidRange[] | undefined) {
      const box = boxes.get(id);
      if (box === undefined) return gone;
      const out = box.messages.filter((row) => row.flags & 8 && (uids === undefined || inside(uids, row.uid)));
      if (out.length > 0) {
        box.modseq = ++modseq;
        box.messages = box.messages.filter((row) => !out.includes(row));
        for (const { uid } of out) box.expunged.push({ uid, modseq });
        publish({ kind: "mail", account: 1, mailbox: id, modseq });
      }
      return { kind: "done", uids: out.map((row) => row.uid), modseq };
    },
    async createMailbox(_account: number, path: string, role?: SpecialUse) {
      if ([...boxes.values()].some((box) => box.path === path)) return { kind: "exists" };
      const box = add(path, role);
      publish({ kind: "mailboxes", account: 1, modseq });
      return { kind: "done", mailbox: show(box) };
    },
    async deleteMailbox(_account: number, id: number) {
      const box = boxes.get(id);
      if (box === undefined) return gone;
      if (box.path === "INBOX") return { kind: "is-inbox" };
      boxes.delete(id);
      modseq++;
      publish({ kind: "mailboxes", account: 1, modseq });
      return { kind: "done", mailbox: show(box) };
    },
    async renameMailbox(_account: number, id: number, path: string) {
      const box = boxes.get(id) as Box;
      if ([...boxes.values()].some((other) => other.path === path)) return { kind: "exists" };
      box.path = path;
      return { kind: "done", mailbox: show(box) };
    },
    async setSubscribed(_account: number, path: string, subscribed: boolean) {
      const box = [...boxes.values()].find((other) => other.path === path);
      if (box === undefined) return gone;
      box.subscribed = subscribed;
      return { kind: "done", mailbox: show(box) };
    },
  };
  return store as unknown as Store & { fail: Error | undefined };
}
