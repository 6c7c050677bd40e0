import assert from "node:assert/strict";
import test from "node:test";
import type { Change } from "../store/store.ts";
import { ChangeHub, type Watcher } from "./changes.ts";

function world() {
  const listeners = new Set<(changes: readonly Change[]) => void>();
  const hub = new ChangeHub({
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  });
  const publish = (...changes: Change[]): void => {
    for (const listener of listeners) listener(changes);
  };
  return { hub, publish, listeners };
}

class Recorder implements Watcher {
  readonly seen: string[] = [];
  changed(change: Parameters<Watcher["changed"]>[0]): void {
    this.seen.push(change.kind === "mail" ? `mail ${change.mailbox}@${change.modseq}` : change.kind);
  }
}

test("a watcher hears of its own account only, and of mail and mailboxes only", () => {
  const { hub, publish } = world();
  const [one, other] = [new Recorder(), new Recorder()];
  hub.watch(1, one);
  hub.watch(2, other);
  publish({ kind: "queue" }, { kind: "mail", account: 1, mailbox: 7, modseq: 3 }, { kind: "directory" });
  publish({ kind: "mailboxes", account: 1, modseq: 4 }, { kind: "mail", account: 3, mailbox: 7, modseq: 3 });
  assert.deepEqual(one.seen, ["mail 7@3", "mailboxes"]);
  assert.deepEqual(other.seen, []);
});

test("unwatching, also while a change is being told, harms nobody", () => {
  const { hub, publish, listeners } = world();
  const last = new Recorder();
  const leaving: Watcher = { changed: () => hub.unwatch(1, leaving) };
  hub.watch(1, leaving);
  hub.watch(1, last);
  publish({ kind: "mail", account: 1, mailbox: 7, modseq: 3 });
  publish({ kind: "mail", account: 1, mailbox: 7, modseq: 4 });
  assert.deepEqual(last.seen, ["mail 7@3", "mail 7@4"]);
  hub.unwatch(1, last);
  hub.unwatch(1, last);
  publish({ kind: "mail", account: 1, mailbox: 7, modseq: 5 });
  assert.equal(last.seen.length, 2);
  hub[Symbol.dispose]();
  assert.equal(listeners.size, 0);
});
