/** Conversations drawn onto a mailbox. */
import type { Id } from "../jmap/types.ts";
import { view } from "../state/view.svelte.ts";
import { t } from "../words.ts";

export const dragType = "application/x-angarium-rows";

export function dragRows(event: DragEvent, id: Id): void {
  const { dataTransfer } = event;
  if (dataTransfer === null) return;
  const rows = view.chosen.has(id) ? [...view.chosen] : [id];
  dataTransfer.setData(dragType, JSON.stringify(rows));
  dataTransfer.effectAllowed = "copyMove";
  const ghost = document.createElement("div");
  ghost.className = "drag-ghost";
  ghost.textContent = t("list.dragged", { n: rows.length });
  document.body.append(ghost);
  dataTransfer.setDragImage(ghost, 12, 12);
  setTimeout(() => ghost.remove());
}

export function droppedRows(event: DragEvent): readonly Id[] | undefined {
  const text = event.dataTransfer?.getData(dragType);
  return text ? (JSON.parse(text) as Id[]) : undefined;
}

export const carriesRows = (event: DragEvent): boolean => event.dataTransfer?.types.includes(dragType) ?? false;
