/** A message on paper: in a sandboxed frame of its own, like on the screen, then the browser's own dialog. */
import type { Email, EmailAddress } from "../jmap/types.ts";
import { longDate } from "../shell/dates.ts";
import { language, t } from "../words.ts";
import { writerFor } from "./behalf.ts";
import { bodyOf } from "./body.ts";

export async function printEmail(email: Email): Promise<void> {
  const { sanitize } = await import("./render/sanitize.ts");
  const frame = document.createElement("iframe");
  // allow-modals: print() is a modal dialog; scripts stay forbidden.
  frame.setAttribute("sandbox", "allow-same-origin allow-modals");
  frame.setAttribute("aria-hidden", "true");
  frame.src = "/frame.html";
  Object.assign(frame.style, {
    position: "fixed",
    width: "700px",
    height: "1px",
    opacity: "0",
    pointerEvents: "none",
    insetInlineStart: "-10000px",
  });
  document.body.append(frame);
  await new Promise((loaded) => frame.addEventListener("load", loaded, { once: true }));
  const inside = frame.contentDocument;
  if (inside === null) return frame.remove();
  const line = (name: string, text: string) => {
    const row = inside.createElement("div");
    const strong = inside.createElement("strong");
    strong.textContent = `${name}: `;
    row.append(strong, text);
    return row;
  };
  const people = (list: readonly EmailAddress[] | null) =>
    (list ?? []).map((one) => (one.name ? `${one.name} <${one.email}>` : one.email)).join(", ");
  const title = inside.createElement("h2");
  title.textContent = email.subject ?? "";
  const head = [
    title,
    line(t("details.from"), people(email.from)),
    ...(writerFor(email) === undefined ? [] : [line(t("details.sender"), people(email.sender))]),
    line(t("details.to"), people(email.to)),
    line(t("details.date"), longDate(email.sentAt ?? email.receivedAt, language())),
  ];
  const { kind, html, text } = bodyOf(email);
  const rule = inside.createElement("hr");
  const clean = kind === "html" ? sanitize(html, { inline: new Map(), remote: undefined }) : undefined;
  if (clean !== undefined) {
    const style = inside.createElement("style");
    style.textContent = clean.styles;
    inside.head.append(style);
    inside.body.append(...head, rule, ...[...clean.body.childNodes].map((node) => inside.importNode(node, true)));
  } else {
    const pre = inside.createElement("pre");
    pre.textContent = text;
    inside.body.append(...head, rule, pre);
  }
  frame.contentWindow?.addEventListener("afterprint", () => frame.remove());
  frame.contentWindow?.print();
  setTimeout(() => frame.remove(), 60_000);
}
