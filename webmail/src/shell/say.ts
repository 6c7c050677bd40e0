/** Trouble in plain sentences, and the one way to run something that may meet it. */
import { toast } from "../../../ui/toasts.svelte.ts";
import { Trouble } from "../jmap/trouble.ts";
import { sessionEnded } from "../state/session.svelte.ts";
import { t } from "../words.ts";

export function sentenceOf(error: unknown): string {
  if (!(error instanceof Trouble)) {
    console.error(error);
    return t("trouble.page");
  }
  switch (error.kind) {
    case "away":
      return t("trouble.away");
    case "ended":
      return t("trouble.ended");
    case "busy":
      return t("trouble.busy");
    case "quota":
      return t("trouble.quota");
    case "full":
      return t("trouble.full");
    case "large":
      return t("trouble.large");
    case "gone":
      return t("trouble.gone");
    case "refused":
      // Where in the request it stood says nothing to a reader.
      return error.message === ""
        ? t("trouble.refused")
        : t("trouble.refusedWith", { why: error.message.replace(/^[\w/#.-]+: /, "") });
    case "said":
      return error.message;
    default:
      return error.kind satisfies never;
  }
}

/** Runs it; trouble becomes a note, and the door where the session has ended. Answers whether it went well. */
export async function attempt(work: () => Promise<unknown>): Promise<boolean> {
  try {
    await work();
    return true;
  } catch (error) {
    if (error instanceof Trouble && error.kind === "ended") sessionEnded();
    else toast(sentenceOf(error), { kind: "problem" });
    return false;
  }
}
