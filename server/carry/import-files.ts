/** Puts mail from files into an account: each message once, however often the files are brought. */
import type { AccountId } from "../store/store.ts";
import { type FileMessage, type Left, readPath } from "./files.ts";
import { type Folder, type FolderHere, folderHere } from "./folders.ts";
import { type Counts, hashOf, mailboxFor, Put, type PutPorts } from "./put.ts";

export type FilesImported = { readonly added: number; readonly known: number; readonly left: readonly string[] };

const maxLeft = 100;
/** Folders that have messages waiting at the same time. */
const maxOpen = 20;

/** `folder`: everything goes there; undefined: as the files say, and what they do not say into INBOX. */
export async function importFiles(
  about: { readonly account: AccountId; readonly paths: readonly string[]; readonly folder: string | undefined },
  ports: PutPorts,
  tell: (counts: FilesImported) => void,
): Promise<FilesImported> {
  return importMessages(
    about.account,
    (async function* () {
      for (const path of about.paths)
        for await (const one of readPath(path))
          yield "left" in one || about.folder === undefined
            ? one
            : { ...one, folder: about.folder.split("/"), labels: undefined };
    })(),
    ports,
    tell,
  );
}

/** The same message twice in one folder is two messages: the first and the second of these bytes. */
export async function importMessages(
  account: AccountId,
  messages: AsyncIterable<FileMessage | Left>,
  ports: PutPorts,
  tell: (counts: FilesImported) => void,
  hereOf: (folder: Folder) => FolderHere | undefined = folderHere,
): Promise<FilesImported> {
  const counts: Counts = { added: 0, known: 0 };
  const left: string[] = [];
  const seen = new Map<string, number>();
  const puts = new Map<string, Put>();
  const progress = (): FilesImported => ({ ...counts, left: [...left] });
  let taken = 0;
  const putInto = async (here: FolderHere): Promise<Put> => {
    const open = puts.get(here.path);
    if (open !== undefined) return open;
    if (puts.size >= maxOpen) {
      for (const one of puts.values()) await one.flush();
      puts.clear();
    }
    const mailbox = await mailboxFor(ports, account, here.path, here.role);
    const to = { account, mailbox, source: "files", folder: here.path, keyPrefix: undefined, onlyUnseen: false };
    const made = new Put(ports, to, counts);
    puts.set(here.path, made);
    return made;
  };
  for await (const one of messages) {
    if ("left" in one) {
      if (left.length < maxLeft) left.push(one.left);
      continue;
    }
    const hash = hashOf(one.bytes);
    for (const levels of one.labels ?? [one.folder]) {
      const here = hereOf({ levels: levels.length === 0 ? ["INBOX"] : levels, specialUse: undefined })!;
      const put = await putInto(here);
      const place = `${here.path}\0${hash}`;
      const count = (seen.get(place) ?? 0) + 1;
      seen.set(place, count);
      await put.add(one.bytes, `${hash}#${count}`, hash, one.marks, one.receivedAt);
    }
    if (++taken % 500 === 0) tell(progress());
  }
  for (const open of puts.values()) await open.flush();
  return progress();
}
