/** How much there was in the last hour, or day: counted in slots that fall out one by one. Pure. */

/** `newest`: slots since 1970; slot s is at s % counts.length. */
export type Window = { readonly newest: number; readonly counts: readonly number[] };
/** An hour or a day, in how many slots. */
export type Span = { readonly slotMs: number; readonly slots: number };

export const lastHour: Span = { slotMs: 10 * 60_000, slots: 6 };
export const lastDay: Span = { slotMs: 60 * 60_000, slots: 24 };

export const emptyWindow = ({ slots }: Span): Window => ({ newest: 0, counts: Array.from({ length: slots }, () => 0) });

/** With the slots forgotten that are over; a clock that was set back forgets none. */
export function present(window: Window, { slotMs, slots }: Span, now: number): Window {
  const slot = Math.floor(now / slotMs);
  if (slot <= window.newest) return window;
  const counts = [...window.counts];
  for (let past = Math.max(window.newest + 1, slot - slots + 1); past <= slot; past++) counts[past % slots] = 0;
  return { newest: slot, counts };
}

/** `present` with more in its newest slot; less where `more` is negative, never below nothing. */
export function counted(window: Window, span: Span, now: number, more: number): Window {
  const { newest, counts } = present(window, span, now);
  const at = newest % span.slots;
  return { newest, counts: counts.with(at, Math.max(0, counts[at]! + more)) };
}

export function total({ counts }: Window): number {
  let sum = 0;
  for (const count of counts) sum += count;
  return sum;
}

/** When `more` fit in again below `limit`: now, later, or never, because it is more than the limit by itself. `window` is present. */
export function roomAt(
  window: Window,
  { slotMs, slots }: Span,
  limit: number,
  more: number,
): "now" | "never" | { readonly at: number } {
  let sum = total(window);
  if (sum + more <= limit) return "now";
  if (more > limit) return "never";
  const { newest, counts } = window;
  for (let slot = newest - slots + 1; slot <= newest; slot++) {
    sum -= counts[((slot % slots) + slots) % slots]!;
    if (sum + more <= limit) return { at: (slot + slots) * slotMs };
  }
  return "never";
}
