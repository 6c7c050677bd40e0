/** The vacation answer of RFC 8621 §8 as a script. */
import type { VacationResponse } from "../../store/sieve-store.ts";

/** Undefined where it is off. */
export function vacationScript(vacation: VacationResponse): string | undefined {
  if (!vacation.isEnabled) return undefined;
  const { fromDate, toDate, subject, textBody, htmlBody } = vacation;
  const conditions: string[] = [];
  const iso = (at: number): string => `${new Date(at).toISOString().slice(0, 19)}+00:00`;
  if (fromDate !== undefined)
    conditions.push(`currentdate :zone "+0000" :value "ge" "iso8601" ${quoted(iso(fromDate))}`);
  if (toDate !== undefined) conditions.push(`currentdate :zone "+0000" :value "lt" "iso8601" ${quoted(iso(toDate))}`);
  const title = subject === undefined || subject === "" ? "" : `:subject ${quoted(subject)} `;
  const answer =
    htmlBody === undefined || htmlBody === ""
      ? `vacation ${title}${quoted(textBody || "I am away and will read your message later.")};`
      : `vacation ${title}:mime ${quoted(alternatives(textBody ?? "", htmlBody))};`;
  const all = conditions.length === 0 ? "true" : `allof (${conditions.join(", ")})`;
  return `require ["vacation", "date", "relational"];\nif ${all} { ${answer} }\n`;
}

function quoted(text: string): string {
  return `"${text.replace(/\0/g, "").replace(/["\\]/g, "\\$&")}"`;
}

/** HTML, with the text before it where there is one. */
function alternatives(text: string, html: string): string {
  const part = (subtype: string, content: string): string =>
    `Content-Type: text/${subtype}; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n${Buffer.from(content).toString("base64").replace(/.{76}/g, "$&\r\n")}\r\n`;
  if (text === "") return part("html", html);
  const boundary = "=_vacation_alternatives_=";
  return `Content-Type: multipart/alternative; boundary="${boundary}"\r\n\r\n--${boundary}\r\n${part("plain", text)}\r\n--${boundary}\r\n${part("html", html)}\r\n--${boundary}--\r\n`;
}
