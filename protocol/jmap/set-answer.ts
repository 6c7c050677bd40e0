/** Answers of methods that change something, as the RFCs write them: null where there is none, and ids where creation ids were given. */
import type { JsonObject } from "./types.ts";

const ofCopy = ["created", "notCreated"];
const ofSet = [...ofCopy, "updated", "destroyed", "notUpdated", "notDestroyed"];

/** By method: what is null where it is empty. RFC 8620 §5.3, §5.4, §6.3; RFC 8621 §4.8, §4.9; RFC 9007 §2; RFC 9404 §4.1. */
const orNull: { readonly [method: string]: readonly string[] } = {
  "Blob/copy": ["copied", "notCopied"],
  "Blob/upload": ofCopy,
  "Email/import": ofCopy,
  "Email/parse": ["parsed", "notParsable", "notFound"],
  "MDN/parse": ["parsed", "notParsable", "notFound"],
  "MDN/send": ["sent", "notSent"],
};

/** `idOf`: the id behind a creation id ("#a"); undefined where nothing was created under it. */
export function setAnswer(method: string, answer: JsonObject, idOf: (id: string) => string | undefined): JsonObject {
  const isSet = method.endsWith("/set");
  const nullable = orNull[method] ?? (isSet ? ofSet : method.endsWith("/copy") ? ofCopy : undefined);
  if (nullable === undefined) return answer;
  const said: { [name: string]: unknown } = { ...answer };
  for (const name of nullable) {
    const value = said[name];
    if (typeof value !== "object" || value === null) continue;
    if (Object.keys(value).length === 0) said[name] = null;
    else if (!isSet) continue;
    // RFC 8620 §5.3: what was done is told by ids, what was not by what it was asked as.
    else if (name === "updated")
      said[name] = Object.fromEntries(Object.entries(value).map(([id, more]) => [idOf(id) ?? id, more]));
    else if (name === "destroyed") said[name] = (value as readonly string[]).map((id) => idOf(id) ?? id);
  }
  return said as JsonObject;
}
