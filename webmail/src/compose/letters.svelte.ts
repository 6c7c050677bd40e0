/** The letters that are open. */
import { toast } from "../../../ui/toasts.svelte.ts";
import { Trouble } from "../jmap/trouble.ts";
import { isLocal } from "../offline/local.ts";
import { unlocked } from "../secure/unlock.ts";
import { longDate } from "../shell/dates.ts";
import { attempt, sentenceOf } from "../shell/say.ts";
import { session, sessionEnded } from "../state/session.svelte.ts";
import { offerUndo } from "../state/undo.ts";
import { view } from "../state/view.svelte.ts";
import { language, t } from "../words.ts";
import { type Draft, keepHere, keptHere, writtenElsewhere } from "./draft.ts";
import { Letter } from "./letter.svelte.ts";
import { openSealed, type SealedHere, sealedHere } from "./sealed-here.ts";
import { discardDraft, maxDelaySeconds, sendDraft, takeBack } from "./send.ts";
import { newDraft } from "./start.ts";

const maxOpen = 4;
/** So long a letter can be taken back. */
export const undoSendSeconds = (): number => Number(localStorage.getItem("angarium.undoSend") ?? 10);

let open = $state.raw<readonly Letter[]>([]);
/** Put away before the server had them: they are saved as soon as it takes them, while this page lives. */
const left = new Set<Letter>();

export const letters = {
  get open(): readonly Letter[] {
    return open;
  },
};

export function openLetter(draft: Draft = newDraft()): Letter {
  const same = ({ key, emailId }: Letter) => key === draft.key || (emailId !== undefined && emailId === draft.emailId);
  const there = open.find(same);
  if (there !== undefined) {
    there.size = "window";
    return there;
  }
  for (const one of open) if (one.size !== "bar") one.size = "bar";
  if (open.length >= maxOpen) void closeLetter(open[0] as Letter);
  const back = [...left].find(same);
  const letter = back ?? new Letter(draft);
  if (back !== undefined) {
    left.delete(back);
    back.whenSaved = undefined;
    back.size = "window";
  }
  open = [...open, letter];
  return letter;
}

/** Saved and put away. */
export async function closeLetter(letter: Letter): Promise<void> {
  if (letter.uploads.length > 0) {
    // What is not here yet would be left out, and nobody would know.
    letter.size = letter.size === "bar" ? "window" : letter.size;
    letter.problem = t("compose.stillUploading");
    return;
  }
  const saved = await letter.saveNow(true);
  if (!saved && letter.encrypt && !(await letter.keepSealed())) {
    // Nothing of it is kept in the clear: it stays open.
    toast(t("compose.keptOpen"), { kind: "problem" });
    return;
  }
  if (!saved) {
    toast(t(letter.encrypt ? "compose.keptSealed" : "compose.keptHere"), { kind: "problem" });
    left.add(letter);
    letter.whenSaved = () => {
      left.delete(letter);
      void letter.end();
      view.refreshSoon();
    };
  } else await letter.end();
  open = open.filter((one) => one !== letter);
  view.refreshSoon();
}

export async function throwAway(letter: Letter): Promise<void> {
  const draft = letter.draft();
  open = open.filter((one) => one !== letter);
  await letter.end();
  await attempt(() => discardDraft({ ...draft, emailId: letter.emailId }));
  offerUndo(t("compose.thrownAway"), () => openLetter({ ...draft, emailId: undefined }).touch());
  view.refreshSoon();
}

/** Runs it; where the own key is locked, asks for its passphrase and runs it again. */
async function unlocking<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const { fingerprint } = error as { fingerprint?: string };
    if (!(error instanceof Error) || error.message !== "locked" || fingerprint === undefined) throw error;
    if (!(await unlocked(fingerprint))) throw new Trouble("said", t("seal.locked"));
    return work();
  }
}

/** Sends, with some seconds in which it can be taken back, or at a time. */
export async function send(letter: Letter, at?: number): Promise<void> {
  await letter.saveNow();
  const draft = letter.draft();
  const wait = maxDelaySeconds() > 0 ? undoSendSeconds() : 0;
  try {
    const sent = await unlocking(() => sendDraft(draft, at === undefined ? { seconds: wait } : { at }));
    open = open.filter((one) => one !== letter);
    await letter.end();
    const undo = () =>
      void attempt(async () => {
        await takeBack(sent);
        openLetter({ ...draft, emailId: sent.emailId });
        view.refreshSoon();
      });
    // Without the network it has not gone yet, and can be taken back until it has.
    if (isLocal(sent.emailId)) offerUndo(t("offline.unsent"), undo);
    else if (at !== undefined) offerUndo(t("compose.scheduled", { date: longDate(at, language()) }), undo);
    else if (sent.until === undefined) toast(t("compose.sent"));
    else offerUndo(t("compose.sent"), undo, { forMs: wait * 1000 - 500, ends: true });
    view.refreshSoon();
  } catch (error) {
    // The server has made a draft of it all the same.
    const made = (error as { emailId?: string }).emailId;
    if (made !== undefined) letter.emailId = made;
    letter.problem = sentenceOf(error);
    if (error instanceof Trouble && error.kind === "ended") sessionEnded();
  }
}

// What is to be encrypted, and neither saved nor sealed, is in this page only: the browser asks before it goes.
addEventListener("beforeunload", (event) => {
  if ([...open, ...left].some((one) => one.atRisk)) event.preventDefault();
});

/** So long the server is waited for before the page is loaded anew. */
const savingMs = 2_000;

/** The page is about to be loaded anew: what is open opens again. */
export async function keepOpenLetters(): Promise<void> {
  const all = [...open, ...left];
  const saved = Promise.all(
    all.map(async (letter) => (letter.encrypt && (await letter.keepSealed())) || letter.saveNow()),
  );
  await Promise.race([saved, new Promise((later) => setTimeout(later, savingMs))]);
  for (const letter of all) {
    letter.shut();
    keepHere(session.username, letter.draft());
  }
}

/** What a crash or a closed window has left on this device. */
export async function recoverLetters(): Promise<void> {
  const elsewhere = await writtenElsewhere();
  const left = keptHere(session.username).filter(
    ({ key }) => !open.some((one) => one.key === key) && !elsewhere.has(key),
  );
  for (const draft of left.slice(0, maxOpen)) openLetter(draft).touch();
  if (left.length > 0) toast(t("compose.recovered", { n: left.length }));
  // Their key may have to be unlocked: not before somebody asks for it.
  const sealed = (await sealedHere()).filter(({ key }) => !open.some((one) => one.key === key) && !elsewhere.has(key));
  if (sealed.length > 0) offerSealed(sealed);
}

export function offerSealed(sealed: readonly SealedHere[]): void {
  toast(t("compose.sealedHere", { n: sealed.length }), {
    action: { label: t("secure.open"), run: () => void attempt(() => openAll(sealed.slice(0, maxOpen))) },
    forMs: 86_400_000,
  });
}

async function openAll(sealed: readonly SealedHere[]): Promise<void> {
  for (const one of sealed) {
    const draft = await unlocking(() => openSealed(one));
    if (draft === undefined) throw new Trouble("said", t("secure.noKey"));
    const letter = openLetter(draft);
    letter.isKeptSealed();
    letter.touch();
  }
}
