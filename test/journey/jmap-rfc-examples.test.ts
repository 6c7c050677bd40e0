/**
 * The rest of the examples of RFC 8620 and RFC 8621, one test each: the request as it stands there (with our ids), and the answer whole.
 * What jmap-rfc.test.ts and jmap-push.test.ts have is not here again.
 */
import "./jmap-rfc-examples/core.ts";
import "./jmap-rfc-examples/beside.ts";
import "./jmap-rfc-examples/fields.ts";
import "./jmap-rfc-examples/mailboxes.ts";
import "./jmap-rfc-examples/emails.ts";
import "./jmap-rfc-examples/submission.ts";
