import type { Method } from "../call.ts";
import { queryChangedObjects } from "../object-query.ts";
import type { Outbox } from "../outbox.ts";
import { submissionRules } from "../submission-query.ts";
import { submissionType } from "../submission-type.ts";

/** RFC 8621 §7.4. */
export const emailSubmissionQueryChanges = (outbox: Outbox): Method =>
  queryChangedObjects(submissionType(outbox), submissionRules);
