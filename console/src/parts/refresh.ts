import type { Row } from "../api/call.ts";

/** Asks now, and again and again while the page is looked at; answers how to end it. */
export function refresh(load: () => Promise<void>, everyMs: number): () => void {
  void load();
  const timer = setInterval(() => {
    if (document.visibilityState === "visible") void load();
  }, everyMs);
  return () => clearInterval(timer);
}

const underWay: ReadonlySet<unknown> = new Set(["waiting", "running"]);
const soonMs = 1500;

/** For an effect: a list with something under way is asked for again soon, as long as only its first page is shown. */
export function untilDone(list: {
  readonly rows: readonly Row[];
  readonly pages: number;
  readonly load: () => Promise<void>;
}) {
  if (list.pages > 1 || !list.rows.some(({ state }) => underWay.has(state))) return undefined;
  const timer = setTimeout(() => void list.load(), soonMs);
  return () => clearTimeout(timer);
}
