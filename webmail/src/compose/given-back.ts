/** A letter that waited on this device and that the server would not take (a full mailbox): it is open again as it was written, and kept here. */
import { toast } from "../../../ui/toasts.svelte.ts";
import { Trouble } from "../jmap/trouble.ts";
import type { Email } from "../jmap/types.ts";
import { shapeOf } from "../secure/shape.ts";
import { attempt } from "../shell/say.ts";
import { session } from "../state/session.svelte.ts";
import { t } from "../words.ts";
import { letters, openLetter } from "./letters.svelte.ts";
import { resumeDraft, resumeSealed } from "./start.ts";

export function giveBack(email: Email): void {
  const there = letters.open.find(({ emailId }) => emailId === email.id);
  if (there !== undefined) {
    there.emailId = undefined;
    there.touch();
    return;
  }
  if (!/-encrypted$/.test(shapeOf(email)?.kind ?? "")) {
    openLetter({ ...resumeDraft(email), emailId: undefined }).touch();
    return;
  }
  // Its key may have to be unlocked: not before somebody asks for it.
  const open = async () => {
    const { openHere } = await import("../secure/open.ts");
    if (!(await openHere(email))) throw new Trouble("said", t("seal.locked"));
    openLetter({ ...resumeSealed(email), emailId: undefined }).touch();
    await session.client.aside?.dropFile(email.blobId);
  };
  toast(t("compose.sealedHere", { n: 1 }), {
    action: { label: t("secure.open"), run: () => void attempt(open) },
    forMs: 86_400_000,
  });
}
