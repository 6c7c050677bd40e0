/** Short notes at the foot of the page, most with one thing to do: undo. */
export type Toast = {
  readonly id: number;
  readonly text: string;
  readonly kind: "note" | "problem";
  readonly action: { readonly label: string; readonly run: () => void } | undefined;
};

const shownForMs = 7_000;
/** More than this at once and the oldest goes. */
const maxShown = 3;

/** Whoever points at a note or has the keyboard in it is about to press something there: it stays meanwhile (WCAG 2.2.1). */
const inHand = (): boolean => document.querySelector(".toasts:is(:hover, :focus-within)") !== null;

let nextId = 1;
const shown = $state<{ list: readonly Toast[] }>({ list: [] });

export const toasts = (): readonly Toast[] => shown.list;

/** Shows a note; answers how to take it away early. Problems stay until they are closed. */
export function toast(
  text: string,
  { kind = "note", action, forMs = shownForMs }: Partial<Pick<Toast, "kind" | "action">> & { forMs?: number } = {},
): () => void {
  const id = nextId++;
  shown.list = [...shown.list.slice(-(maxShown - 1)), { id, text, kind, action }];
  const over = () => {
    if (inHand()) setTimeout(over, forMs);
    else dismiss(id);
  };
  if (kind === "note") setTimeout(over, forMs);
  return () => dismiss(id);
}

export function dismiss(id: number): void {
  shown.list = shown.list.filter((one) => one.id !== id);
}
