import type { Method } from "../call.ts";
import { queryObjects } from "../object-query.ts";
import type { Outbox } from "../outbox.ts";
import { submissionRules } from "../submission-query.ts";
import { submissionType } from "../submission-type.ts";

/** RFC 8621 §7.3. */
export const emailSubmissionQuery = (outbox: Outbox): Method => queryObjects(submissionType(outbox), submissionRules);
