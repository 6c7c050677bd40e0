/** The vacation answer, one for each account: RFC 8621 §8. Kept with the Sieve scripts, which send it. */
import { isDisplayName } from "../../protocol/display-name.ts";
import * as is from "../../protocol/jmap/check.ts";
import { utcDateText } from "../../protocol/jmap/email-header.ts";
import { failed, invalidProperties, type JsonObject, type SetError } from "../../protocol/jmap/types.ts";
import type { VacationResponse } from "../store/sieve-store.ts";
import type { Call } from "./call.ts";

export const vacationName = "VacationResponse";
export const vacationId = "singleton";
export const vacationProperties: readonly string[] = [
  "id",
  "isEnabled",
  "fromDate",
  "toDate",
  "subject",
  "textBody",
  "htmlBody",
];
const maxBodyChars = 100_000;
const maxSubjectChars = 500;
const noSubject = "it is one line, without control characters and others that are not seen.";
const none: VacationResponse = {
  isEnabled: false,
  fromDate: undefined,
  toDate: undefined,
  subject: undefined,
  textBody: undefined,
  htmlBody: undefined,
};

const shape = is.object({
  id: is.optional(is.string),
  isEnabled: is.bool,
  fromDate: is.maybe(is.utcDate),
  toDate: is.maybe(is.utcDate),
  subject: is.maybe(is.string),
  textBody: is.maybe(is.string),
  htmlBody: is.maybe(is.string),
});

/** Of another's account for whoever has all rights to it, as its identities are. */
export const isForCaller = ({ access, sending }: Pick<Call, "access" | "sending">): boolean =>
  access.own || sending?.mayEdit === true;
export const notForCaller = failed(
  "accountNotSupportedByMethod",
  "The vacation answer of this account is for who has all rights to it.",
);

export function showVacation(vacation: VacationResponse | undefined): JsonObject {
  const { isEnabled, fromDate, toDate, subject, textBody, htmlBody } = vacation ?? none;
  return {
    id: vacationId,
    isEnabled,
    fromDate: fromDate === undefined ? null : utcDateText(fromDate),
    toDate: toDate === undefined ? null : utcDateText(toDate),
    subject: subject ?? null,
    textBody: textBody ?? null,
    htmlBody: htmlBody ?? null,
  };
}

export function readVacation(object: JsonObject): { readonly vacation: VacationResponse } | SetError {
  const checked = shape(object, "");
  if (checked instanceof is.Mismatch) {
    const name = checked.pointer.split("/")[1] ?? "";
    return invalidProperties([name], `${name}: expected ${checked.expected}.`);
  }
  for (const [name, max] of [
    ["subject", maxSubjectChars],
    ["textBody", maxBodyChars],
    ["htmlBody", maxBodyChars],
  ] as const)
    if ((checked[name]?.length ?? 0) > max) return invalidProperties([name], `${name}: at most ${max} characters.`);
  if (!isDisplayName(checked.subject ?? "")) return invalidProperties(["subject"], `subject: ${noSubject}`);
  const at = (date: string | undefined) => (date === undefined ? undefined : Date.parse(date));
  const { isEnabled, subject, textBody, htmlBody } = checked;
  return {
    vacation: { isEnabled, fromDate: at(checked.fromDate), toDate: at(checked.toDate), subject, textBody, htmlBody },
  };
}
