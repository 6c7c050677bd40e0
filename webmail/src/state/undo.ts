/** What was done is said, and taken back by its button, by key or as a command: the last thing that was done, whatever it was. */
import { toast } from "../../../ui/toasts.svelte.ts";
import { t } from "../words.ts";
import { view } from "./view.svelte.ts";

type Wanted = {
  /** So long it is said. */
  readonly forMs?: number;
  /** Afterwards it cannot be taken back. */
  readonly ends?: boolean;
};

/**
 * Answers how to withdraw the offer.
 * @param done what is said; undefined where it is seen without words
 */
export function offerUndo(
  done: string | undefined,
  undo: () => void,
  { forMs, ends = false }: Wanted = {},
): () => void {
  const withdraw = () => {
    close();
    if (view.undo === once) view.undo = undefined;
  };
  const once = () => {
    withdraw();
    undo();
  };
  const close =
    done === undefined
      ? () => {}
      : toast(done, { action: { label: t("undo"), run: once }, ...(forMs === undefined ? {} : { forMs }) });
  view.undo = once;
  if (ends && forMs !== undefined) setTimeout(withdraw, forMs);
  return withdraw;
}
