/** Takes the mail of an account on another server, by IMAP: once, or again and again. What has come is not brought again. */
import type { FetchMessageObject, ImapFlow, ListResponse } from "imapflow";
import type { Log } from "../base/log.ts";
import type { Guard } from "../net/guard.ts";
import type { ImportProgress, ImportSettings } from "../store/carry-store.ts";
import { marksText } from "../store/ops/carry.ts";
import type { AccountId, Instant, Store } from "../store/store.ts";
import { folderHere, marksOf } from "./folders.ts";
import { connected, wordsOf } from "./imap-connect.ts";
import { CannotCarry, type Counts, hashOf, mailboxFor, Put, type PutPorts } from "./put.ts";

export type ImapPorts = PutPorts & {
  readonly store: PutPorts["store"] & Pick<Store, "importedKeys" | "importedMarks" | "setFlags">;
  /** Undefined: whoever asks may reach what this machine can. */
  readonly guard: Guard | undefined;
  readonly now: () => Instant;
  readonly log: Log;
};

/** Asked for at a time. */
const pageMessages = 200;
const pageBytes = 8 * 1024 * 1024;
const maxMessageBytes = 150 * 1024 * 1024;
const maxFolders = 5_000;
/** Sentences that are kept about what was left. */
const maxLeft = 100;
const keysPage = 5_000;

/** Runs one import to its end. Rejects with `CannotCarry` where it cannot go on; what has come is kept. */
export async function importImap(
  about: { readonly account: AccountId; readonly settings: ImportSettings; readonly password: string },
  ports: ImapPorts,
  tell: (progress: ImportProgress) => void,
  stop: AbortSignal,
): Promise<ImportProgress> {
  const { settings } = about;
  const client = await connected(settings, about.password, { ...ports, maxBytes: maxMessageBytes });
  const counts: Counts = { added: 0, known: 0 };
  const left: string[] = [];
  let folders = 0;
  let foldersDone = 0;
  let messages = 0;
  const progress = (): ImportProgress => ({ folders, foldersDone, messages, ...counts, left: [...left] });
  const onStop = () => client.close();
  stop.addEventListener("abort", onStop);
  try {
    const wanted = (await client.list()).filter((one) => isWanted(one, settings)).slice(0, maxFolders);
    // Views come last: what they show is here already then, and is known by its bytes.
    const all = wanted
      .map((folder) => ({
        folder,
        here: folderHere({ levels: folder.path.split(folder.delimiter || "\0"), specialUse: folder.specialUse }),
      }))
      .filter((one) => one.here !== undefined)
      .sort((one, other) => Number(one.here!.isView) - Number(other.here!.isView));
    folders = all.length;
    for (const { folder, here } of all) {
      if (stop.aborted) break;
      const source = `imap ${settings.host} ${settings.port} ${settings.user}`;
      const mailbox = await mailboxFor(ports, about.account, here!.path, here!.role);
      await oneFolder(client, folder, {
        ports,
        left,
        account: about.account,
        source,
        to: { account: about.account, mailbox, source, folder: folder.path, onlyUnseen: here!.isView },
        counts,
        taken: (count) => {
          messages += count;
          tell(progress());
        },
        stop,
      });
      foldersDone++;
      tell(progress());
    }
    if (stop.aborted) throw new CannotCarry("It was stopped.");
    return progress();
  } catch (error) {
    if (stop.aborted) throw new CannotCarry("It was stopped.");
    if (error instanceof CannotCarry) throw error;
    throw new CannotCarry(`The connection to ${settings.host} broke: ${wordsOf(error)}.`);
  } finally {
    stop.removeEventListener("abort", onStop);
    await Promise.race([client.logout().catch(() => {}), new Promise((resolve) => setTimeout(resolve, 2_000).unref())]);
    client.close();
  }
}

function isWanted({ path, flags }: ListResponse, { folders }: ImportSettings): boolean {
  if (flags.has("\\Noselect") || flags.has("\\NonExistent")) return false;
  return folders === undefined || folders.some((one) => one.toLowerCase() === path.toLowerCase());
}

type OneFolder = {
  readonly ports: ImapPorts;
  readonly left: string[];
  readonly account: AccountId;
  readonly source: string;
  readonly to: Omit<ConstructorParameters<typeof Put>[1], "keyPrefix">;
  readonly counts: Counts;
  readonly taken: (count: number) => void;
  readonly stop: AbortSignal;
};

const keyOf = (validity: string, uid: number): string => `${validity}.${String(uid).padStart(10, "0")}`;

async function oneFolder(client: ImapFlow, folder: ListResponse, about: OneFolder): Promise<void> {
  const { ports, left, stop } = about;
  let opened: Awaited<ReturnType<ImapFlow["mailboxOpen"]>>;
  try {
    opened = await client.mailboxOpen(folder.path, { readOnly: true });
  } catch (error) {
    note(left, `The folder ${folder.path} cannot be opened: ${wordsOf(error)}.`);
    return;
  }
  if (opened.exists === 0) return;
  const validity = String(opened.uidValidity);
  const known = await knownOf(about, folder.path, validity);
  const put = new Put(ports, { ...about.to, keyPrefix: `${validity}.` }, about.counts);
  /** Marks and sizes first: they are small, and say what to ask for. */
  const fresh: { readonly uid: number; readonly size: number }[] = [];
  const changed: { readonly key: string; readonly marks: ReturnType<typeof marksOf>; readonly at: Known }[] = [];
  for await (const one of client.fetch("1:*", { uid: true, flags: true, size: true })) {
    const key = keyOf(validity, one.uid);
    const here = known.get(key);
    if (here === undefined) fresh.push({ uid: one.uid, size: one.size ?? 0 });
    else {
      const marks = marksOf(one.flags ?? []);
      if (marksText(marks) !== here.marks) changed.push({ key, marks, at: here });
    }
  }
  about.counts.known += known.size;
  await follow(changed, folder.path, about);
  for (const page of pages(fresh, left, folder.path)) {
    if (stop.aborted) break;
    const wanted = { uid: true, flags: true, internalDate: true, source: true } as const;
    const got: FetchMessageObject[] = [];
    for await (const one of client.fetch(page.join(","), wanted, { uid: true })) got.push(one);
    for (const { uid, source, flags, internalDate } of got) {
      if (source === undefined) continue;
      const at = internalDate === undefined ? ports.now() : new Date(internalDate).getTime();
      await put.add(
        source,
        keyOf(validity, uid),
        hashOf(source),
        marksOf(flags ?? []),
        Number.isFinite(at) ? at : ports.now(),
      );
    }
    await put.flush();
    about.taken(got.length);
  }
}

/** UIDs in pieces that are neither many nor large. */
function* pages(
  fresh: readonly { readonly uid: number; readonly size: number }[],
  left: string[],
  folder: string,
): Generator<readonly number[]> {
  let page: number[] = [];
  let bytes = 0;
  for (const { uid, size } of fresh) {
    if (size > maxMessageBytes) {
      note(left, `A message of ${size} bytes in ${folder} is too large.`);
      continue;
    }
    if (page.length >= pageMessages || (page.length > 0 && bytes + size > pageBytes)) {
      yield page;
      page = [];
      bytes = 0;
    }
    page.push(uid);
    bytes += size;
  }
  if (page.length > 0) yield page;
}

type Known = { readonly marks: string; readonly mailbox: number; readonly uid: number };

async function knownOf(
  { ports, account, source }: OneFolder,
  folder: string,
  validity: string,
): Promise<ReadonlyMap<string, Known>> {
  const known = new Map<string, Known>();
  for (let after = ""; ; ) {
    const found = await ports.store.importedKeys(account, source, folder, after, keysPage);
    for (const one of found) if (one.key.startsWith(`${validity}.`)) known.set(one.key, one);
    const last = found.at(-1);
    if (last === undefined || found.length < keysPage) return known;
    after = last.key;
  }
}

/** Marks that have changed there since they were last looked at are set here too. */
async function follow(
  changed: readonly { readonly key: string; readonly marks: ReturnType<typeof marksOf>; readonly at: Known }[],
  folder: string,
  { ports, account, source }: OneFolder,
): Promise<void> {
  for (const { key, marks, at } of changed) {
    await ports.store.setFlags(account, at.mailbox, { uids: [[at.uid, at.uid]], mode: "replace", marks });
    await ports.store.importedMarks(account, source, folder, [{ key, marks: marksText(marks) }]);
  }
}

function note(left: string[], sentence: string): void {
  if (left.length < maxLeft) left.push(sentence);
}
