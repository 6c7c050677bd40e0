import type { Method } from "../call.ts";
import { changedObjects } from "../objects.ts";
import type { Outbox } from "../outbox.ts";
import { submissionType } from "../submission-type.ts";

/** RFC 8621 §7.2. */
export const emailSubmissionChanges = (outbox: Outbox): Method => changedObjects(submissionType(outbox));
