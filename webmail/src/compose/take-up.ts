/** A draft that is written on: opened first where it was encrypted for its writer. */
import { Trouble } from "../jmap/trouble.ts";
import type { Email } from "../jmap/types.ts";
import { entire } from "../reading/bodies.ts";
import { shapeOf } from "../secure/shape.ts";
import { t } from "../words.ts";
import { openLetter } from "./letters.svelte.ts";
import { resumeDraft, resumeSealed } from "./start.ts";

/** @param among the conversation it is in */
export async function takeUp(draft: Email, among: readonly Email[] = []): Promise<void> {
  const email = await entire(draft);
  if (!/-encrypted$/.test(shapeOf(email)?.kind ?? "")) {
    openLetter(resumeDraft(email, among));
    return;
  }
  const { openHere } = await import("../secure/open.ts");
  if (!(await openHere(email))) throw new Trouble("said", t("seal.locked"));
  openLetter(resumeSealed(email, among));
}
