/** How letters begin: empty, to somebody, as answers, forwarded, or taken up again. */
import type { Email, EmailAddress, Identity } from "../jmap/types.ts";
import { bodyOf } from "../reading/body.ts";
import { hold } from "../secure/held.ts";
import { openedOf, subjectOf } from "../secure/opened.svelte.ts";
import { shapeOf } from "../secure/shape.ts";
import { longDate } from "../shell/dates.ts";
import { nameOf } from "../shell/people.ts";
import { identities } from "../state/identities.svelte.ts";
import { language, t } from "../words.ts";
import { type Attached, type Draft, emptyDraft } from "./draft.ts";
import { readMailto } from "./mailto.ts";
import { identityOfDraft, writerFor } from "./writer.ts";

export const escapeHtml = (text: string): string =>
  text.replace(/[&<>"]/g, (char) => ({ "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" })[char] ?? char);

export const textToHtml = (text: string): string =>
  text
    .replace(/\r\n?/g, "\n")
    .split("\n")
    .map((line) => `<div>${line === "" ? "<br>" : escapeHtml(line)}</div>`)
    .join("");

export function signatureHtml(identity: Identity | undefined): string {
  if (identity === undefined) return "";
  // RFC 8621 §6 has a default for both; not every server says it.
  const { htmlSignature = "", textSignature = "" } = identity;
  if (htmlSignature.trim() !== "") return `<div class="signature">${htmlSignature}</div>`;
  if (textSignature.trim() !== "") return `<div class="signature"><div>-- </div>${textToHtml(textSignature)}</div>`;
  return "";
}

export function newDraft(fields: Partial<Draft> = {}): Draft {
  const identity = identityOfDraft({ identityId: fields.identityId });
  const signature = signatureHtml(identity);
  return {
    ...emptyDraft(Date.now()),
    identityId: identity?.id,
    html: `<div><br></div>${signature === "" ? "" : `<div><br></div>${signature}`}`,
    ...fields,
  };
}

export function mailtoDraft(href: string): Draft {
  const { body, ...fields } = readMailto(href);
  const draft = newDraft(fields);
  return body === undefined ? draft : { ...draft, html: textToHtml(body) + draft.html };
}

const prefixed = (prefix: string, pattern: RegExp, subject: string): string =>
  pattern.test(subject) ? subject : `${prefix} ${subject}`.trim();

function quoted(email: Email): string {
  const inside = openedOf(email.id);
  if (inside !== undefined) return inside.html === "" ? textToHtml(inside.text) : inside.html;
  const { kind, html, text } = bodyOf(email);
  return kind === "html" ? html : textToHtml(text);
}

const inlineOf = (email: Email, html: string): readonly Attached[] =>
  email.attachments.flatMap(({ cid, blobId, name, type, size }) =>
    cid !== null && blobId !== null && type.startsWith("image/") && html.includes(`cid:${cid}`)
      ? [{ cid, blobId, name: name ?? "image", type, size }]
      : [],
  );

/** RFC 5322 §3.6.4. */
function threading(email: Email): Pick<Draft, "inReplyTo" | "references"> {
  const id = email.messageId ?? [];
  const before = email.references ?? email.inReplyTo ?? [];
  return { inReplyTo: id.length > 0 ? id : undefined, references: [...before, ...id].slice(-50) };
}

/** What came encrypted is answered encrypted: what is quoted would be given away. */
function sealedLike(email: Email): Partial<Pick<Draft, "sign" | "encrypt" | "by">> {
  if (openedOf(email.id)?.encrypted !== true) return {};
  return { sign: true, encrypt: true, by: shapeOf(email)?.kind === "smime-encrypted" ? "smime" : "openpgp" };
}

// RFC 5233: what stands behind + is the person's own business.
const isOwn = ({ email }: EmailAddress) => identities.own.has(email.toLowerCase().replace(/\+[^@]*@/, "@"));
const isFromMe = (email: Email) => email.from?.some(isOwn) ?? false;

/** As whom an email is answered or passed on: as who it came to. */
const writerOf = (email: Email) =>
  writerFor([...(email.to ?? []), ...(email.cc ?? []), ...(isFromMe(email) ? (email.from ?? []) : [])]);

/** Who gets an answer, and who else is in the conversation. */
export function answerTo(email: Email): {
  readonly to: readonly EmailAddress[];
  readonly others: readonly EmailAddress[];
} {
  const fromMe = isFromMe(email);
  const to = fromMe ? (email.to ?? []) : (email.replyTo ?? email.from ?? []);
  const mine = writerOf(email).from?.toLowerCase();
  const seen = new Set([
    ...to.map(({ email: address }) => address.toLowerCase()),
    ...(mine === undefined ? [] : [mine]),
  ]);
  const others = [...(fromMe ? [] : (email.to ?? [])), ...(email.cc ?? [])].filter((person) => {
    const key = person.email.toLowerCase();
    if (isOwn(person) || seen.has(key)) return false;
    seen.add(key);
    return true;
  });
  return { to, others };
}

export function replyDraft(email: Email, all: boolean): Draft {
  const { to, others } = answerTo(email);
  const writer = writerOf(email);
  const sender = email.from?.[0];
  const html = quoted(email);
  const intro = escapeHtml(
    t("compose.wrote", {
      date: longDate(email.sentAt ?? email.receivedAt, language()),
      name: sender === undefined ? "" : nameOf(sender),
    }),
  );
  const signature = signatureHtml(identityOfDraft(writer));
  return {
    ...newDraft(writer),
    to,
    cc: all ? others : [],
    subject: prefixed("Re:", /^\s*re\s*:/i, subjectOf(email) ?? ""),
    ...sealedLike(email),
    html: `<div><br></div>${signature}<div><br></div><div>${intro}</div><blockquote type="cite">${html}</blockquote>`,
    attached:
      openedOf(email.id) === undefined
        ? inlineOf(email, html)
        : heldFiles(email.id).filter(({ cid }) => cid !== undefined && html.includes(`cid:${cid}`)),
    about: { id: email.id, keyword: "$answered" },
    ...threading(email),
  };
}

export function forwardDraft(email: Email): Draft {
  const html = quoted(email);
  const line = (name: string, people: readonly EmailAddress[] | null) =>
    people === null || people.length === 0
      ? ""
      : `<div>${escapeHtml(`${name}: ${people.map((one) => (one.name ? `${one.name} <${one.email}>` : one.email)).join(", ")}`)}</div>`;
  const inline = inlineOf(email, html);
  const listed = email.attachments.flatMap(({ blobId, name, type, size, cid }) =>
    blobId === null || inline.some((one) => one.cid === cid)
      ? []
      : [{ blobId, name: name ?? "attachment", type, size, cid: undefined }],
  );
  const draft = newDraft(writerOf(email));
  return {
    ...draft,
    subject: prefixed("Fwd:", /^\s*fwd?\s*:/i, subjectOf(email) ?? ""),
    ...sealedLike(email),
    html: `${draft.html}<div><br></div><div>${escapeHtml(t("compose.forwarded"))}</div>${line(t("details.from"), email.from)}<div>${escapeHtml(`${t("details.date")}: ${longDate(email.sentAt ?? email.receivedAt, language())}`)}</div><div>${escapeHtml(`${t("compose.subject")}: ${subjectOf(email) ?? ""}`)}</div>${line(t("details.to"), email.to)}${line(t("details.cc"), email.cc)}<div><br></div>${html}`,
    attached: openedOf(email.id) === undefined ? [...inline, ...listed] : heldFiles(email.id),
    about: { id: email.id, keyword: "$forwarded" },
    references: threading(email).references,
  };
}

/** Files of what was opened here: they stay here until they are encrypted again. */
const heldFiles = (id: string): readonly Attached[] =>
  (openedOf(id)?.files ?? []).map(({ name, type, bytes, cid }) => ({
    blobId: hold(new Blob([bytes.slice()], { type })),
    name,
    type,
    size: bytes.length,
    cid: cid === undefined || cid === "" ? undefined : cid,
  }));

/** A draft that was encrypted for its writer, opened before. */
export function resumeSealed(email: Email, among: readonly Email[] = []): Draft {
  const inside = openedOf(email.id);
  return {
    ...resumeDraft(email, among),
    subject: subjectOf(email) ?? "",
    html: quoted(email),
    plain: inside?.html === "",
    attached: heldFiles(email.id),
    ...sealedLike(email),
  };
}

/**
 * Taken up again; as a new letter where it was sent already.
 * @param among the conversation it is in: what it answers is marked so when it is sent
 */
export function resumeDraft(email: Email, among: readonly Email[] = []): Draft {
  const isDraft = email.keywords["$draft"] === true;
  const { kind, html, text } = bodyOf(email);
  const body = kind === "html" ? html : textToHtml(text);
  const answered = among.find(
    ({ messageId }) => messageId?.[0] !== undefined && email.inReplyTo?.includes(messageId[0]),
  );
  return {
    ...emptyDraft(Date.now()),
    ...(answered === undefined ? {} : { about: { id: answered.id, keyword: "$answered" } }),
    receipt: email.headers.some(({ name }) => name.toLowerCase() === "disposition-notification-to"),
    emailId: isDraft ? email.id : undefined,
    ...writerFor(email.from ?? []),
    to: email.to ?? [],
    cc: email.cc ?? [],
    bcc: email.bcc ?? [],
    subject: email.subject ?? "",
    html: body,
    plain: kind === "text",
    attached: email.attachments.flatMap(({ blobId, name, type, size, cid, disposition }) =>
      blobId === null
        ? []
        : [
            {
              blobId,
              name: name ?? "attachment",
              type,
              size,
              cid: cid !== null && disposition !== "attachment" ? cid : undefined,
            },
          ],
    ),
    inReplyTo: email.inReplyTo ?? undefined,
    references: email.references ?? undefined,
  };
}
