/** What the server wrote at the head of a message on its way in. */
import type { Email } from "../jmap/types.ts";

/** Values of a field, topmost first, unfolded. */
export function headerValues(email: Pick<Email, "headers">, name: string): readonly string[] {
  const wanted = name.toLowerCase();
  return email.headers
    .filter((field) => field.name.toLowerCase() === wanted)
    .map(({ value }) => value.replace(/\r?\n[ \t]+/g, " ").trim());
}
