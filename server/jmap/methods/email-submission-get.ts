import type { Method } from "../call.ts";
import { getObjects } from "../objects.ts";
import type { Outbox } from "../outbox.ts";
import { submissionType } from "../submission-type.ts";

/** RFC 8621 §7.1. */
export const emailSubmissionGet = (outbox: Outbox): Method => getObjects(submissionType(outbox));
