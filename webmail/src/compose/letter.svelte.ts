/** One open letter: what is written, kept on the device at once, saved to the server after a pause. */
import { Trouble } from "../jmap/trouble.ts";
import { type EmailAddress, type Id, urn } from "../jmap/types.ts";
import { isLocal } from "../offline/local.ts";
import { fileOf, hold, isHeld, letGo } from "../secure/held.ts";
import { sizeText } from "../shell/dates.ts";
import { sentenceOf } from "../shell/say.ts";
import { session, sessionEnded } from "../state/session.svelte.ts";
import { language, t } from "../words.ts";
import { clearAway } from "./clear-away.ts";
import { type Attached, type Draft, dropHere, keepHere, lockOf } from "./draft.ts";
import { dropSealed, keepSealed } from "./sealed-here.ts";
import { discardDraft, saveDraft } from "./send.ts";
import { Upload } from "./upload.svelte.ts";

/** So long nobody has written before the server is told. */
const saveAfterMs = 1_500;
const againAfterMs = 10_000;
/** And before a letter that is to be encrypted is kept on the device, encrypted. */
const sealAfterMs = 400;

/** Letters that are written in this page. */
const written = new Set<Letter>();

export type SaveState =
  | { readonly kind: "clean" }
  | { readonly kind: "waiting" }
  | { readonly kind: "saving" }
  | { readonly kind: "saved"; readonly at: number }
  /** On this device only. */
  | { readonly kind: "here"; readonly why: string };

export class Letter {
  readonly key: string;
  emailId: Id | undefined;
  identityId = $state<Id>();
  from = $state<string>();
  to = $state.raw<readonly EmailAddress[]>([]);
  cc = $state.raw<readonly EmailAddress[]>([]);
  bcc = $state.raw<readonly EmailAddress[]>([]);
  subject = $state("");
  html = $state("");
  plain = $state(false);
  attached = $state.raw<readonly Attached[]>([]);
  uploads = $state.raw<readonly Upload[]>([]);
  receipt = $state(false);
  sign = $state(false);
  encrypt = $state(false);
  by = $state<Draft["by"]>("openpgp");
  size = $state<"window" | "full" | "bar">("window");
  save = $state.raw<SaveState>({ kind: "clean" });
  /** Told once: another tab has changed the same draft. */
  apart = $state(false);
  readonly #fixed: Pick<Draft, "inReplyTo" | "references" | "about">;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #saving: Promise<void> | undefined;
  #revision = 0;
  #savedRevision = 0;
  #letOthers: (() => void) | undefined;
  #sealing: ReturnType<typeof setTimeout> | undefined;
  /** The revision that is kept on the device encrypted. */
  #sealedRevision = 0;
  /** So far as it has been written it is kept on the device, encrypted. */
  sealed = $state(false);
  /** What was uploaded before the letter was to be encrypted, until it is at the server encrypted. */
  #inTheClear: readonly Id[] = [];
  closed = false;
  /** Put away before the server had it. */
  whenSaved: (() => void) | undefined;

  constructor(draft: Draft) {
    this.key = draft.key;
    this.emailId = draft.emailId;
    this.identityId = draft.identityId;
    this.from = draft.from;
    this.to = draft.to;
    this.cc = draft.cc;
    this.bcc = draft.bcc;
    this.subject = draft.subject;
    this.html = draft.html;
    this.plain = draft.plain;
    this.attached = draft.attached;
    this.receipt = draft.receipt;
    // Kept by an older page, it does not say.
    this.sign = draft.sign ?? false;
    this.encrypt = draft.encrypt ?? false;
    this.by = draft.by ?? "openpgp";
    this.#fixed = { inReplyTo: draft.inReplyTo, references: draft.references, about: draft.about };
    written.add(this);
    // Until it is shut or the page is gone, pages of other windows know that somebody writes it (draft.ts, `writtenElsewhere`).
    const held = () => (this.closed ? undefined : new Promise<void>((done) => (this.#letOthers = done)));
    if ("locks" in navigator) void navigator.locks.request(lockOf(this.key), held);
  }

  draft(): Draft {
    return {
      key: this.key,
      emailId: this.emailId,
      identityId: this.identityId,
      from: this.from,
      to: this.to,
      cc: this.cc,
      bcc: this.bcc,
      subject: this.subject,
      html: this.html,
      plain: this.plain,
      attached: this.attached,
      receipt: this.receipt,
      sign: this.sign,
      encrypt: this.encrypt,
      by: this.by,
      ...this.#fixed,
      changedAt: Date.now(),
    };
  }

  get changed(): boolean {
    return this.#revision > this.#savedRevision;
  }

  /** What was written last would be gone with the page. */
  get atRisk(): boolean {
    return this.encrypt && this.changed && this.#sealedRevision < this.#revision;
  }

  /** Keeps what is to be encrypted on the device, encrypted; answers whether it is kept. */
  async keepSealed(): Promise<boolean> {
    clearTimeout(this.#sealing);
    const revision = this.#revision;
    const kept = await keepSealed(this.draft()).catch(() => false);
    if (kept) this.#sealedRevision = Math.max(this.#sealedRevision, revision);
    this.sealed = this.#sealedRevision === this.#revision;
    // Saved or closed meanwhile: the server has it.
    if (kept && (!this.changed || this.closed)) await this.#unseal();
    return kept;
  }
  /** It was read from what is kept on the device: that goes when the server has it. */
  isKeptSealed(): void {
    this.#sealedRevision = ++this.#revision;
  }
  async #unseal(): Promise<void> {
    clearTimeout(this.#sealing);
    if (this.#sealedRevision === 0) return;
    this.#sealedRevision = 0;
    await dropSealed(this.key).catch(() => {});
  }

  /** Something was written. */
  touch(): void {
    if (this.closed) return;
    this.#revision++;
    // What was wrong may be right by now; sending says it again where it is not.
    this.problem = undefined;
    if (this.encrypt) for (const upload of this.uploads) this.#holdInstead(upload);
    keepHere(session.username, this.draft());
    clearTimeout(this.#sealing);
    this.sealed = false;
    if (this.encrypt) this.#sealing = setTimeout(() => void this.keepSealed(), sealAfterMs);
    this.save = { kind: "waiting" };
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.saveNow(), saveAfterMs);
  }

  /**
   * Saves what is written until now; failures keep it on the device and are tried again.
   * @param mayWait what is to be encrypted waits on this device as the message it will be, where the server is away
   */
  async saveNow(mayWait = false): Promise<boolean> {
    clearTimeout(this.#timer);
    while (this.#saving !== undefined) await this.#saving;
    if (!this.changed || this.closed) return true;
    const revision = this.#revision;
    this.save = { kind: "saving" };
    let well = false;
    this.#saving = (async () => {
      try {
        if (this.encrypt) {
          await this.#takeHome();
          await this.#withdraw();
        }
        const { emailId, apart } = await saveDraft(this.draft(), mayWait);
        this.emailId = emailId;
        this.#savedRevision = revision;
        well = true;
        await this.#clearAway();
        if (apart) this.apart = true;
        // Closed while it was under way: who closed it says what stays here.
        if (this.closed) return;
        if (!this.changed) {
          dropHere(this.key);
          await this.#unseal();
          this.whenSaved?.();
        } else keepHere(session.username, this.draft());
        this.save = { kind: "saved", at: Date.now() };
      } catch (error) {
        this.save = { kind: "here", why: sentenceOf(error) };
        if (error instanceof Trouble && error.kind === "ended") sessionEnded();
        if (!this.closed) this.#timer = setTimeout(() => void this.saveNow(), againAfterMs);
      }
    })();
    await this.#saving;
    this.#saving = undefined;
    return well;
  }

  /** No more saving; what is kept on the device stays there. */
  shut(): void {
    this.closed = true;
    written.delete(this);
    clearTimeout(this.#timer);
    this.#letOthers?.();
  }

  /** It is sent, thrown away or saved. */
  async end(): Promise<void> {
    this.shut();
    for (const upload of this.uploads) upload.cancel();
    await this.#saving;
    dropHere(this.key);
    await this.#unseal();
    await this.#clearAway();
  }

  /** Attached before the letter was to be encrypted: it stays in the page from now on. */
  #holdInstead(upload: Upload): void {
    const { file, name, type } = upload;
    this.dropUpload(upload);
    this.attached = [...this.attached, { blobId: hold(file), name, type, size: file.size, cid: undefined }];
  }

  /** Uploaded before the letter was to be encrypted: it comes back. */
  async #takeHome(): Promise<void> {
    for (const one of this.attached.filter(({ blobId }) => !isHeld(blobId))) {
      const blobId = hold(await fileOf(one.blobId, one.type));
      this.attached = this.attached.map((each) => (each === one ? { ...one, blobId } : each));
      this.#inTheClear = [...this.#inTheClear, one.blobId];
    }
  }

  /** Written while the server was away, as it was: what waits on this device goes before it is sent in the clear. */
  async #withdraw(): Promise<void> {
    if (this.emailId !== undefined && isLocal(this.emailId)) {
      await this.keepSealed();
      await discardDraft(this.draft());
      this.emailId = undefined;
    }
    await this.#clearAway(this.#inTheClear.filter(isLocal));
  }

  /** What lies of the letter in the clear goes as soon as it is kept encrypted, unless another letter has the same file. */
  async #clearAway(ids = this.#inTheClear): Promise<void> {
    if (!this.encrypt || ids.length === 0) return;
    const elsewhere = new Set([...written].flatMap(({ attached }) => attached.map(({ blobId }) => blobId)));
    this.#inTheClear = this.#inTheClear.filter((id) => !ids.includes(id));
    await clearAway(ids.filter((id) => !elsewhere.has(id))).catch(() => {});
  }

  attach(files: Iterable<File>): void {
    const { client } = session;
    const most = client.limit("maxSizeUpload", Number.POSITIVE_INFINITY);
    const together =
      client.session.accounts[client.accountId]?.accountCapabilities[urn.mail]?.["maxSizeAttachmentsPerEmail"];
    const room = typeof together === "number" ? together : Number.POSITIVE_INFINITY;
    let all = [...this.attached, ...this.uploads.map(({ file }) => file)].reduce((sum, { size }) => sum + size, 0);
    for (const file of files) {
      if (file.size > most) {
        this.problem = t("compose.tooLarge", { name: file.name });
        continue;
      }
      if (all + file.size > room) {
        this.problem = t("compose.tooLargeTogether", { name: file.name, size: sizeText(room, language()) });
        continue;
      }
      all += file.size;
      if (this.encrypt) {
        const type = /^[\w.+-]+\/[\w.+-]+$/.test(file.type) ? file.type : "application/octet-stream";
        const held = { blobId: hold(file), name: file.name || "attachment", type, size: file.size, cid: undefined };
        this.attached = [...this.attached, held];
        this.touch();
        continue;
      }
      const upload = new Upload(file, file.name || "attachment", (blobId) => {
        this.uploads = this.uploads.filter((one) => one !== upload);
        this.attached = [
          ...this.attached,
          { blobId, name: upload.name, type: upload.type, size: file.size, cid: undefined },
        ];
        const { problem } = this;
        this.touch();
        this.problem = problem;
      });
      this.uploads = [...this.uploads, upload];
    }
  }
  /** What could not be done just now. */
  problem = $state<string>();

  detach(gone: Attached): void {
    this.attached = this.attached.filter((one) => one !== gone);
    letGo(gone.blobId);
    this.touch();
  }
  dropUpload(gone: Upload): void {
    gone.cancel();
    this.uploads = this.uploads.filter((one) => one !== gone);
  }
}
