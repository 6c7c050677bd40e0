/** Saving and sending (RFC 8621 §4.6, §7.5). An email cannot be changed: a new one takes the place of the old. */
import { accountOf, bareId } from "../jmap/accounts.ts";
import { type Call, throwRefusal } from "../jmap/client.ts";
import { Trouble } from "../jmap/trouble.ts";
import { type EmailAddress, type Id, urn } from "../jmap/types.ts";
import { heldFile, isHeld } from "../secure/held.ts";
import { keyField } from "../secure/travelling.ts";
import { identities } from "../state/identities.svelte.ts";
import { mailboxes, mailboxOf } from "../state/mailboxes.svelte.ts";
import { session } from "../state/session.svelte.ts";
import { t } from "../words.ts";
import { isAddress } from "./addresses.ts";
import type { Draft } from "./draft.ts";
import { uploadSealed } from "./sealing.ts";
import { addressOfDraft, identityOfDraft } from "./writer.ts";

/** HTML to text as people write it: lists have dashes, quotes have >. */
function htmlToText(html: string): string {
  const parsed = new DOMParser().parseFromString(html.replace(/<style\b[\s\S]*?<\/style\b[^>]*>/gi, ""), "text/html");
  const walk = (node: Node, prefix: string): string => {
    let text = "";
    for (const child of node.childNodes) {
      if (child.nodeType === Node.TEXT_NODE) text += (child.textContent ?? "").replace(/[ \t\n]+/g, " ");
      else if (child instanceof HTMLElement || child instanceof Element) {
        const name = child.tagName.toLowerCase();
        if (name === "br") text += "\n";
        else if (name === "style" || name === "script" || name === "head") continue;
        else if (name === "blockquote")
          text += `\n${walk(child, "")
            .trim()
            .split("\n")
            .map((line) => (line.startsWith(">") ? `>${line}` : `> ${line}`))
            .join("\n")}\n`;
        else if (name === "li") text += `\n- ${walk(child, prefix).trim()}`;
        else if (name === "a") {
          const inner = walk(child, prefix);
          const href = child.getAttribute("href") ?? "";
          text += href.startsWith("http") && !inner.includes(href.replace(/\/$/, "")) ? `${inner} <${href}>` : inner;
        } else if (/^(?:div|p|h[1-6]|ul|ol|tr|table|pre|section|article)$/.test(name)) {
          const inner = walk(child, prefix);
          text += `${text === "" || text.endsWith("\n") ? "" : "\n"}${inner}${inner.endsWith("\n") ? "" : "\n"}`;
          if (name === "p") text += "\n";
        } else text += walk(child, prefix);
      }
    }
    return text;
  };
  return walk(parsed.body, "")
    .replace(/[ \t]+$/gm, "")
    .replace(/\n{3,}/g, "\n\n")
    .trim();
}

function emailOf(
  draft: Draft,
  mailboxId: Id,
  keywords: { readonly [name: string]: boolean },
): { readonly [name: string]: unknown } {
  const identity = identityOfDraft(draft);
  const address = addressOfDraft(draft);
  const sender = identity === undefined ? undefined : identities.senderOf(identity.id);
  const valid = (people: readonly EmailAddress[]) => people.filter(({ email }) => isAddress(email));
  const html = `<!DOCTYPE html><html><head><meta charset="utf-8"></head><body>${draft.html}</body></html>`;
  const used = draft.attached.filter(
    ({ cid }) => cid === undefined || (!draft.plain && draft.html.includes(`cid:${cid}`)),
  );
  return {
    mailboxIds: { [mailboxId]: true },
    keywords,
    from: address === undefined ? null : [{ name: identity?.name || null, email: address }],
    // Who gets it, and the copy in Sent, see who wrote it (RFC 5322 §3.6.2).
    ...(sender === undefined ? {} : { sender: [sender] }),
    ...(identity?.replyTo ? { replyTo: identity.replyTo } : {}),
    to: valid(draft.to),
    cc: valid(draft.cc),
    bcc: valid(draft.bcc),
    subject: draft.subject,
    // Named here, so that it can be looked for where no answer came.
    messageId: [`${crypto.randomUUID()}@${(address ?? session.username).split("@").pop()}`],
    ...(draft.inReplyTo === undefined ? {} : { inReplyTo: draft.inReplyTo }),
    ...(draft.references === undefined ? {} : { references: draft.references }),
    // RFC 8098 §2.1.
    ...(draft.receipt
      ? {
          "header:Disposition-Notification-To:asAddresses": [{ name: null, email: address ?? session.username }],
        }
      : {}),
    bodyValues: {
      text: { value: htmlToText(draft.html) },
      ...(draft.plain ? {} : { html: { value: html } }),
    },
    textBody: [{ partId: "text", type: "text/plain" }],
    ...(draft.plain ? {} : { htmlBody: [{ partId: "html", type: "text/html" }] }),
    ...(used.length === 0
      ? {}
      : {
          attachments: used.map(({ blobId, name, type, cid }) => ({
            blobId,
            name,
            type,
            disposition: cid === undefined ? "attachment" : "inline",
            ...(cid === undefined ? {} : { cid }),
          })),
        }),
  };
}

/** Own ids of what was copied from others' mail, and of what was to be encrypted and is not. */
const broughtHome = new Map<Id, Id>();

/** Attachments of another's mail are copied to one's own account, where the letter is (RFC 8620 §6.3). */
async function atHome(written: Draft): Promise<Draft> {
  const { client } = session;
  // What this page no longer has cannot be sent: after a crash.
  const draft = { ...written, attached: written.attached.filter(({ blobId }) => !isHeld(blobId) || heldFile(blobId)) };
  if (draft.encrypt) return draft;
  for (const { blobId, type } of draft.attached) {
    const file = heldFile(blobId);
    if (file !== undefined && !broughtHome.has(blobId))
      broughtHome.set(blobId, (await client.upload(file, type)).blobId);
  }
  const foreign = draft.attached.map(({ blobId }) => blobId).filter((id) => accountOf(id) !== undefined);
  for (const [account, ids] of Map.groupBy(
    foreign.filter((id) => !broughtHome.has(id)),
    (id) => accountOf(id) ?? "",
  )) {
    const answer = await client.one("Blob/copy", {
      fromAccountId: account,
      accountId: client.accountId,
      blobIds: ids.map(bareId),
    });
    for (const id of ids) {
      const copy = answer.copied?.[bareId(id)] as Id | undefined;
      if (copy !== undefined) broughtHome.set(id, copy);
    }
    throwRefusal({ notCreated: answer.notCopied });
  }
  return {
    ...draft,
    attached: draft.attached.map((one) => ({ ...one, blobId: broughtHome.get(one.blobId) ?? one.blobId })),
  };
}

/** What was answered or forwarded says so: another's where that is granted. */
async function markAbout({ about, sign, encrypt }: Draft): Promise<void> {
  if (about === undefined || (accountOf(about.id) === undefined && !sign && !encrypt)) return;
  await session.client
    .one("Email/set", { update: { [about.id]: { [`keywords/${about.keyword}`]: true } } })
    .catch(() => {});
}

export type Saved = {
  readonly emailId: Id;
  /** Somebody else has changed or removed the draft meanwhile: theirs is still there, ours stands beside it. */
  readonly apart: boolean;
};

/** @param mayWait what is to be encrypted waits for the server on this device, encrypted */
export async function saveDraft(written: Draft, mayWait = false): Promise<Saved> {
  const draft = await atHome(written);
  const box = await mailboxOf("drafts", t("role.drafts"));
  const destroy = draft.emailId === undefined ? {} : { destroy: [draft.emailId] };
  const keywords = { $draft: true, $seen: true };
  const made = emailOf(draft, box.id, keywords);
  if (draft.encrypt) {
    const blobId = await uploadSealed(draft, made, { draft: true, mayWait });
    const answers = await session.client.all([
      ["Email/import", { emails: { draft: { blobId, mailboxIds: { [box.id]: true }, keywords } } }, "e"],
      ["Email/set", destroy, "d"],
    ]);
    const { created, notCreated } = answers.get("e");
    throwRefusal({ notCreated });
    return { emailId: created.draft.id, apart: Object.keys(answers.get("d")?.notDestroyed ?? {}).length > 0 };
  }
  const answer = await session.client.one("Email/set", { create: { draft: made }, ...destroy });
  throwRefusal({ notCreated: answer.notCreated });
  return { emailId: answer.created.draft.id as Id, apart: Object.keys(answer.notDestroyed ?? {}).length > 0 };
}

export async function discardDraft(draft: Draft): Promise<void> {
  if (draft.emailId !== undefined) await session.client.one("Email/set", { destroy: [draft.emailId] });
}

/** A letter to begin with, kept in a mailbox of its own. */
export async function saveTemplate(draft: Draft, mailboxId: Id): Promise<void> {
  await session.client.set("Email/set", {
    create: { template: emailOf(await atHome(draft), mailboxId, { $seen: true }) },
  });
}

export type Sent = {
  readonly submissionId: Id;
  readonly emailId: Id;
  /** It can be taken back until then. */
  readonly until: number | undefined;
};

/** How long the server can keep a letter before it sends it: 0 where it cannot. */
export function maxDelaySeconds(): number {
  const { client } = session;
  const value = client.session.accounts[client.accountId]?.accountCapabilities[urn.submission]?.["maxDelayedSend"];
  return typeof value === "number" ? value : 0;
}

/** Why nobody can get it, whatever else it says. */
export function unsendable({ to, cc, bcc }: Pick<Draft, "to" | "cc" | "bcc">): string | undefined {
  const everybody = [...to, ...cc, ...bcc];
  const wrong = everybody.find(({ email }) => !isAddress(email));
  if (wrong !== undefined) return t("compose.wrongAddress", { address: wrong.email });
  return everybody.length === 0 ? t("compose.nobody") : undefined;
}

/** @param when seconds to wait (so long it can be taken back), or the time it is to be sent */
export async function sendDraft(
  written: Draft,
  when: { readonly seconds: number } | { readonly at: number },
): Promise<Sent> {
  const draft = await atHome(written);
  const why = unsendable(draft);
  if (why !== undefined) throw new Trouble("said", why);
  if (!session.client.sends) throw new Trouble("said", t("compose.cannotSend"));
  const drafts = await mailboxOf("drafts", t("role.drafts"));
  const sent = await mailboxOf("sent", t("role.sent"));
  const identity = identityOfDraft(draft);
  if (identity === undefined) throw new Trouble("said", t("compose.noIdentity"));
  const from = addressOfDraft(draft);
  if (from === undefined || !isAddress(from))
    throw new Trouble("said", t("compose.fromWhich", { domain: identity.email.slice(2) }));
  const most = maxDelaySeconds();
  const held =
    most === 0
      ? {}
      : "at" in when
        ? { HOLDUNTIL: `${new Date(when.at).toISOString().slice(0, 19)}Z` }
        : when.seconds > 0
          ? { HOLDFOR: String(when.seconds) }
          : {};
  const recipients = [...new Set([...draft.to, ...draft.cc, ...draft.bcc].map(({ email }) => email))];
  const keywords = { $draft: true, $seen: true };
  const made = emailOf(draft, drafts.id, keywords);
  const along = await keyField(from).catch(() => []);
  const asMade = draft.sign || draft.encrypt;
  const create: Call = asMade
    ? [
        "Email/import",
        {
          emails: {
            draft: {
              blobId: await uploadSealed(draft, made, { draft: false, mayWait: true }, along),
              mailboxIds: made["mailboxIds"],
              keywords,
            },
          },
        },
        "e",
      ]
    : [
        "Email/set",
        {
          create: {
            draft: {
              ...made,
              ...Object.fromEntries(along.map(({ name, value }) => [`header:${name}:asRaw`, ` ${value}`])),
            },
          },
          ...(draft.about === undefined || accountOf(draft.about.id) !== undefined
            ? {}
            : { update: { [draft.about.id]: { [`keywords/${draft.about.keyword}`]: true } } }),
        },
        "e",
      ];
  const answers = await session.client.all([
    create,
    [
      "EmailSubmission/set",
      {
        create: {
          send: {
            identityId: identity.id,
            emailId: "#draft",
            ...(Object.keys(held).length === 0
              ? {}
              : {
                  envelope: {
                    mailFrom: { email: from, parameters: held },
                    rcptTo: recipients.map((email) => ({ email, parameters: null })),
                  },
                }),
          },
        },
        onSuccessUpdateEmail: {
          "#send": { [`mailboxIds/${drafts.id}`]: null, [`mailboxIds/${sent.id}`]: true, "keywords/$draft": null },
        },
      },
      "s",
    ],
  ]);
  const email = answers.get("e");
  throwRefusal({ notCreated: email.notCreated });
  const submission = answers.get("s");
  if (submission.notCreated?.send !== undefined) {
    // What could not be sent is a draft still, and the newer one.
    const emailId = email.created.draft.id as Id;
    if (draft.emailId !== undefined) await session.client.one("Email/set", { destroy: [draft.emailId] });
    const refused = submission.notCreated.send as { type: string; description?: string };
    throw Object.assign(new Trouble("refused", refused.description ?? refused.type), { emailId });
  }
  if (draft.emailId !== undefined) await session.client.one("Email/set", { destroy: [draft.emailId] });
  void markAbout(draft);
  return {
    submissionId: submission.created.send.id as Id,
    emailId: email.created.draft.id as Id,
    until: "at" in when ? when.at : when.seconds > 0 && most > 0 ? Date.now() + when.seconds * 1000 : undefined,
  };
}

/** Takes back what waits to be sent, and makes a draft of it again. Throws where it is under way. */
export async function takeBack({ submissionId, emailId }: Pick<Sent, "submissionId" | "emailId">): Promise<void> {
  await session.client.set("EmailSubmission/set", { update: { [submissionId]: { undoStatus: "canceled" } } });
  const [drafts, sent] = [mailboxes.role("drafts"), mailboxes.role("sent")];
  if (drafts === undefined) return;
  await session.client.set("Email/set", {
    update: {
      [emailId]: {
        [`mailboxIds/${drafts.id}`]: true,
        ...(sent === undefined ? {} : { [`mailboxIds/${sent.id}`]: null }),
        "keywords/$draft": true,
      },
    },
  });
}
