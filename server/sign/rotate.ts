/** When a key goes from one state to the next: decided from what DNS shows, never by the clock alone. */
import type { Instant } from "../store/store.ts";
import { algorithms, type DkimKey, type KeyLine, type KeyState, type KeyUse, useOf } from "./dkim-keys.ts";

export type RotationSettings = {
  /** A key that has signed for so long is replaced; 0: only when asked. */
  readonly rotateAfterMs: number;
  /** How long a new key is in DNS before it signs in place of another: until all name servers have it. */
  readonly settleMs: number;
  /** How long a key that signs no more stays in DNS: what it signed may be in somebody's queue for days. */
  readonly keepRetiredMs: number;
};

/** What DNS shows at the selector of a key. "trouble" changes nothing. */
export type View = "ours" | "another" | "none" | "trouble";

export type KeyEvent = {
  readonly key: DkimKey;
  readonly kind:
    | "unpublished" // it waits to be published
    | "wrong" // DNS shows another key there
    | "seen"
    | "used"
    | "vanished" // it signed, and DNS shows it no more: it signs no more
    | "retired"
    | "gone-early" // mail that it signed may still be under way
    | "removable" // may go from DNS
    | "lingers" // is still there
    | "forgotten";
};

export type Step = {
  readonly keys: readonly DkimKey[];
  /** New keys that are due. */
  readonly wanted: readonly KeyLine[];
  readonly events: readonly KeyEvent[];
};

/** One look at all keys of a domain. */
export function nextStep(
  keys: readonly DkimKey[],
  view: (selector: string) => View,
  now: Instant,
  settings: RotationSettings,
  /** For what there are keys of their own; those of other uses sign no more. */
  uses: readonly KeyUse[] = [""],
): Step {
  const events: KeyEvent[] = [];
  const tell = (kind: KeyEvent["kind"], key: DkimKey): void => void events.push({ kind, key });
  const moved = (key: DkimKey, state: KeyState): DkimKey => ({ ...key, state, since: now });

  const looked = keys.flatMap((key): DkimKey[] => {
    const shown = view(key.selector);
    const hidden = shown === "none" || shown === "another";
    switch (key.state) {
      case "publish":
        if (hidden) tell(shown === "none" ? "unpublished" : "wrong", key);
        if (shown !== "ours") return [key];
        tell("seen", key);
        return [moved(key, "seen")];
      case "seen":
        return [hidden ? moved(key, "publish") : key];
      case "used":
        if (!hidden) return [key];
        tell("vanished", key);
        return [moved(key, "publish")];
      case "retired": {
        if (now - key.since < settings.keepRetiredMs) {
          if (hidden) tell("gone-early", key);
          return [key];
        }
        tell("removable", key);
        return [moved(key, "removed")];
      }
      case "removed":
        if (hidden) {
          tell("forgotten", key);
          return [];
        }
        if (shown === "ours") tell("lingers", key);
        return [key];
      default:
        return key.state satisfies never;
    }
  });

  const wanted: KeyLine[] = [];
  let result: readonly DkimKey[] = looked.map((key) => {
    if (uses.includes(useOf(key)) || key.state === "retired" || key.state === "removed") return key;
    tell("retired", key);
    return { ...moved(key, "retired"), privateKey: "" };
  });
  for (const line of uses.flatMap((use) => algorithms.map((algorithm): KeyLine => ({ algorithm, use })))) {
    const own = result.filter((key) => key.algorithm === line.algorithm && useOf(key) === line.use);
    const signing = own.find(({ state }) => state === "used");
    // The newest that is there; it takes over at once where nobody signs.
    const next = own
      .filter((key) => key.state === "seen" && view(key.selector) === "ours")
      .filter(({ since }) => signing === undefined || now - since >= settings.settleMs)
      .at(-1);
    if (next !== undefined) {
      const older = own.slice(0, own.indexOf(next)).filter(({ state }) => state !== "retired" && state !== "removed");
      result = result.map((key) => {
        if (key === next) return moved(key, "used");
        return older.includes(key) ? { ...moved(key, "retired"), privateKey: "" } : key;
      });
      tell("used", next);
      for (const key of older) tell("retired", key);
      continue;
    }
    const waiting = own.some(({ state }) => state === "publish" || state === "seen");
    const old = signing !== undefined && settings.rotateAfterMs > 0 && now - signing.since >= settings.rotateAfterMs;
    if (!waiting && (signing === undefined || old)) wanted.push(line);
  }
  return { keys: result, wanted, events };
}
