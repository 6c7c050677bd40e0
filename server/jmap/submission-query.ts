/** Filters and sorts of EmailSubmission/query: RFC 8621 §7.3. */
import * as is from "../../protocol/jmap/check.ts";
import { property, type QueryRules } from "./object-query.ts";

const isIds = (value: unknown): value is readonly string[] =>
  Array.isArray(value) && value.every((one) => typeof one === "string");

export const submissionRules: QueryRules = {
  condition: (name, value) => {
    switch (name) {
      case "identityIds":
      case "emailIds":
      case "threadIds": {
        if (!isIds(value)) return "wrong";
        const ids = new Set<unknown>(value);
        const own = name.slice(0, -1);
        return (object) => ids.has(property(object, own));
      }
      case "undoStatus":
        return typeof value === "string" ? (object) => property(object, "undoStatus") === value : "wrong";
      case "before":
      case "after": {
        const date = is.utcDate(value, "");
        if (date instanceof is.Mismatch) return "wrong";
        const bound = Date.parse(date);
        const at = (sendAt: unknown) => Date.parse(String(sendAt));
        return name === "before"
          ? (object) => at(property(object, "sendAt")) < bound
          : (object) => at(property(object, "sendAt")) >= bound;
      }
      default:
        return undefined;
    }
  },
  sortKey: (name) =>
    name === "emailId" || name === "threadId" || name === "sentAt" || name === "sendAt"
      ? (object) => String(property(object, name === "sentAt" ? "sendAt" : name))
      : undefined,
  defaultSort: [{ property: "sentAt", isAscending: false, collation: undefined, keyword: undefined }],
};
