/**
 * The table of tasks that the worker threads know. Each is pure (what it needs comes with the message) and loads its code when
 * first asked. A task's result is moved, not copied, where it owns its memory.
 */
import type { MessageFacts } from "../../protocol/mime/facts.ts";
import type { ReadDmarc } from "../report/read-dmarc.ts";
import type { ArcSealTask } from "../sign/arc-seal.ts";
import type { DkimSignTask } from "../sign/dkim-signature.ts";

/** Arguments and result of each task. */
export type TaskTypes = {
  /** What is worked out about a message when it arrives. */
  readonly facts: { readonly args: { readonly bytes: Uint8Array }; readonly result: MessageFacts };
  /** DKIM-Signature header lines for a message, each ended with CRLF. */
  readonly "dkim-sign": { readonly args: DkimSignTask; readonly result: string };
  /** The fields of an ARC set for a message, each ended with CRLF. */
  readonly "arc-seal": { readonly args: ArcSealTask; readonly result: string };
  /** The DMARC reports in a mail. */
  readonly "read-dmarc": { readonly args: { readonly bytes: Uint8Array }; readonly result: ReadDmarc };
};

export type TaskName = keyof TaskTypes;
export type TaskTable = { readonly [name: string]: (args: never) => unknown };

export const tasks: { readonly [N in TaskName]: (args: TaskTypes[N]["args"]) => Promise<TaskTypes[N]["result"]> } = {
  facts: async ({ bytes }) => {
    const { factsOf } = await import("../../protocol/mime/facts-of.ts");
    return factsOf(bytes);
  },
  "dkim-sign": async (task) => {
    const { dkimSignature } = await import("../sign/dkim-signature.ts");
    return dkimSignature(task);
  },
  "arc-seal": async (task) => {
    const { arcSeal } = await import("../sign/arc-seal.ts");
    return arcSeal(task);
  },
  "read-dmarc": async ({ bytes }) => {
    const { readDmarc } = await import("../report/read-dmarc.ts");
    return readDmarc(bytes);
  },
};
