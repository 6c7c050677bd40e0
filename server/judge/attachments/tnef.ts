/** winmail.dat ([MS-OXTNEF]): the files that Outlook packs into one. */
const title = 0x00018010;
const data = 0x0006800f;
const maxFiles = 200;

export function tnefFiles(bytes: Buffer): { readonly name: string; readonly bytes: Buffer }[] {
  const files: { name: string; bytes: Buffer }[] = [];
  for (let at = 6; at + 9 <= bytes.length && files.length < maxFiles; ) {
    const id = bytes.readUInt32LE(at + 1);
    const size = bytes.readUInt32LE(at + 5);
    const value = bytes.subarray(at + 9, at + 9 + size);
    const last = files.at(-1);
    if (id === data) files.push({ name: "", bytes: value });
    else if (id === title && last !== undefined) last.name = value.toString("latin1").replace(/\0.*$/s, "");
    at += 9 + size + 2;
  }
  return files;
}
