/** A message on paper: in a sandboxed frame of its own, like on the screen, then the browser's own dialog. */
import type { Email, EmailAddress } from "../jmap/types.ts";
import { openedOf, subjectOf } from "../secure/opened.svelte.ts";
import { longDate } from "../shell/dates.ts";
import { language, t } from "../words.ts";
import { writerFor } from "./behalf.ts";
import { bodyOf } from "./body.ts";
import { inlinePictures } from "./render/inline-pictures.ts";

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
  title.textContent = subjectOf(email) ?? "";
  const head = [
    title,
    line(t("details.from"), people(email.from)),
    ...(writerFor(email) === undefined ? [] : [line(t("details.sender"), people(email.sender))]),
    line(t("details.to"), people(email.to)),
    line(t("details.date"), longDate(email.sentAt ?? email.receivedAt, language())),
  ];
  const within = openedOf(email.id);
  const { html, text } = within ?? bodyOf(email);
  const rule = inside.createElement("hr");
  const held: string[] = [];
  const clean =
    html === ""
      ? undefined
      : sanitize(html, { inline: await inlinePictures(email, html, within, held), remote: undefined });
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
  // A ticket is its code: paper waits for pictures.
  await Promise.all([...inside.images].map((image) => image.decode().catch(() => {})));
  const end = () => {
    frame.remove();
    for (const url of held) URL.revokeObjectURL(url);
  };
  frame.contentWindow?.addEventListener("afterprint", end);
  frame.contentWindow?.print();
  setTimeout(end, 60_000);
}
