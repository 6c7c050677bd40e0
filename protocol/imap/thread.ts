/** Threading as RFC 5256 §3 has it, over plain rows. Nothing here calls itself: chains may be as long as the mailbox. */

export type ThreadRow = {
  readonly uid: number;
  /** Without angle brackets; undefined where the message has none. */
  readonly messageId: string | undefined;
  /** References (or, without them, In-Reply-To), oldest first, without brackets. */
  readonly references: readonly string[];
  /** `baseSubject(subject).text` of protocol/mime/subject.ts; compared without regard to case. */
  readonly baseSubject: string;
  readonly isReply: boolean;
  /** The Date field, or INTERNALDATE where there is none: milliseconds. */
  readonly sentAt: number;
};

/** `number` is what THREAD answers with, undefined for a message that is only known by name. */
export type ThreadNode = { readonly number: number | undefined; readonly children: readonly ThreadNode[] };

/** ORDEREDSUBJECT: by base subject and date; the first of each subject is the parent of the others. `numberOf` gives the UID or sequence number to answer. */
export function orderedSubject(rows: readonly ThreadRow[], numberOf: (uid: number) => number): ThreadNode[] {
  const groups = new Map<string, { readonly number: number; readonly children: ThreadNode[] }>();
  for (const row of [...rows].sort((a, b) => a.sentAt - b.sentAt || a.uid - b.uid)) {
    const key = row.baseSubject.toUpperCase();
    const group = groups.get(key);
    const number = numberOf(row.uid);
    // A Map keeps the order of insertion: that of each group's first date.
    if (group === undefined) groups.set(key, { number, children: [] });
    else group.children.push({ number, children: [] });
  }
  return [...groups.values()];
}

/** A message, or the place of one that others refer to. */
class Container {
  readonly row: ThreadRow | undefined;
  /** The row's place in the list that is threaded. */
  readonly order: number;
  parent: Container | undefined;
  children: Container[] = [];
  /** Of the message; of the first child where there is no message. */
  sentAt = 0;
  uid = 0;
  /** Disjoint sets: where two containers lead to one, they are in one tree. */
  above: Container = this;
  size = 1;

  constructor(row: ThreadRow | undefined, order: number) {
    this.row = row;
    this.order = order;
    this.sentAt = row?.sentAt ?? 0;
    this.uid = row?.uid ?? 0;
  }
}

/** REFERENCES. Yields now and then, so that whoever runs it may let others have their turn. */
export function* references(
  rows: readonly ThreadRow[],
  numberOf: (uid: number) => number,
): Generator<undefined, ThreadNode[]> {
  const all = yield* link(rows);
  const roots = yield* prune(all.filter((container) => container.parent === undefined));
  yield* sort(roots);
  const threads = gather(roots);
  yield* sort(threads);
  return nodes(threads, numberOf);
}

/**
 * Step 1: parents by References. The RFC goes message by message and mends links afterwards; we first believe what each message
 * says of its own parent (1.B) and then what others say of those without (1.A): the same trees wherever nobody contradicts, no link is
 * ever cut, and so a loop is seen in constant time: a root that gets a parent in its own tree.
 */
function* link(rows: readonly ThreadRow[]): Generator<undefined, Container[]> {
  const byId = new Map<string, Container>();
  const all = rows.map((row, order) => {
    const container = new Container(row, order);
    // A message whose id is taken, or that has none, is nobody's parent.
    if (row.messageId !== undefined && !byId.has(row.messageId)) byId.set(row.messageId, container);
    return container;
  });
  const place = (id: string): Container => {
    let container = byId.get(id);
    if (container === undefined) {
      container = new Container(undefined, -1);
      byId.set(id, container);
      all.push(container);
    }
    return container;
  };
  const known = rows.length;
  for (let at = 0; at < known; at++) {
    yield;
    const last = rows[at]!.references.at(-1);
    if (last !== undefined) adopt(place(last), all[at]!);
  }
  for (let at = 0; at < known; at++) {
    yield;
    let parent: Container | undefined;
    for (const id of rows[at]!.references) {
      const child = place(id);
      // A message that comes later and names no parent has none, whatever was said before it came.
      if (parent !== undefined && child.parent === undefined && child.order < at) adopt(parent, child);
      parent = child;
    }
  }
  return all;
}

/** Hangs a root under a parent, unless that would close a loop. */
function adopt(parent: Container, child: Container): void {
  const [one, other] = [top(parent), top(child)];
  if (one === other) return;
  const [large, small] = one.size < other.size ? [other, one] : [one, other];
  small.above = large;
  large.size += small.size;
  child.parent = parent;
  parent.children.push(child);
}

function top(container: Container): Container {
  let at = container;
  while (at.above !== at) {
    at.above = at.above.above;
    at = at.above;
  }
  return at;
}

/** Everything under these, parents before children. */
function below(roots: readonly Container[]): Container[] {
  const order: Container[] = [...roots];
  for (let at = 0; at < order.length; at++) for (const child of order[at]!.children) order.push(child);
  return order;
}

/** Steps 2 and 3: places without a message go, their children move up; at the top only where there is one child. */
function* prune(roots: readonly Container[]): Generator<undefined, Container[]> {
  const order = below(roots);
  for (let at = order.length - 1; at >= 0; at--) {
    yield;
    const container = order[at]!;
    let kept: Container[] = [];
    for (const child of container.children) {
      if (child.row !== undefined) kept.push(child);
      else {
        // The shorter list is copied to the longer: a long chain of places costs n log n.
        const [into, from] = kept.length < child.children.length ? [child.children, kept] : [kept, child.children];
        for (const one of from) into.push(one);
        kept = into;
      }
    }
    container.children = kept;
  }
  const out: Container[] = [];
  for (const root of roots) {
    if (root.row !== undefined || root.children.length > 1) out.push(root);
    else if (root.children.length === 1) out.push(root.children[0]!);
  }
  return out;
}

/** Steps 4 and 6: siblings by date, then by UID. */
function* sort(roots: Container[]): Generator<undefined, void> {
  const order = below(roots);
  for (let at = order.length - 1; at >= 0; at--) {
    yield;
    const container = order[at]!;
    if (container.children.length > 1) container.children.sort(byDate);
    const first = container.children[0];
    if (container.row === undefined && first !== undefined) {
      container.sentAt = first.sentAt;
      container.uid = first.uid;
    }
  }
  roots.sort(byDate);
}

function byDate(a: Container, b: Container): number {
  return a.sentAt - b.sentAt || a.uid - b.uid;
}

/** Step 5: threads with the same base subject become one. */
function gather(roots: readonly Container[]): Container[] {
  const subjects = new Map<string, Container>();
  const subjectOf = (container: Container): ThreadRow => (container.row ?? container.children[0]!.row)!;
  const keys = roots.map((root) => subjectOf(root).baseSubject.toUpperCase());
  for (const [at, root] of roots.entries()) {
    const key = keys[at]!;
    if (key === "") continue;
    const known = subjects.get(key);
    const better =
      known === undefined ||
      (known.row !== undefined && (root.row === undefined || (known.row.isReply && !root.row.isReply)));
    if (better) subjects.set(key, root);
  }
  const out: Container[] = [];
  const moved = new Set<Container>();
  for (const [at, root] of roots.entries()) {
    const known = subjects.get(keys[at]!);
    if (known === undefined || known === root) out.push(root);
    else if (known.row === undefined) {
      if (root.row !== undefined) known.children.push(root);
      else for (const child of root.children) known.children.push(child);
    } else if (subjectOf(root).isReply && !known.row.isReply) known.children.push(root);
    else {
      const together = new Container(undefined, -1);
      together.children = [known, root];
      moved.add(known);
      subjects.set(keys[at]!, together);
      out.push(together);
    }
  }
  return moved.size === 0 ? out : out.filter((root) => !moved.has(root));
}

function nodes(roots: readonly Container[], numberOf: (uid: number) => number): ThreadNode[] {
  const made = new Map<Container, ThreadNode>();
  const order = below(roots);
  for (let at = order.length - 1; at >= 0; at--) {
    const { row, children } = order[at]!;
    made.set(order[at]!, {
      number: row === undefined ? undefined : numberOf(row.uid),
      children: children.map((child) => made.get(child)!),
    });
  }
  return roots.map((root) => made.get(root)!);
}
