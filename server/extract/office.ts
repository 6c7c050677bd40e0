/** The text of Office documents: Office Open XML (docx, xlsx, pptx) and OpenDocument (odt, ods, odp), both zip files of XML. */
import { readMarkup } from "./markup.ts";
import { unzip } from "./unzip.ts";

/** Files within a document that are read, and what they may unpack to, all together. */
const maxFiles = 500;
const maxUnpackedBytes = 32 * 1024 * 1024;
/** What unpacks to more than so many times its size is no text. */
const maxRatio = 200;

const wanted =
  /^(?:word\/(?:document|header\d*|footer\d*|footnotes|endnotes|comments)\.xml|xl\/(?:sharedStrings|worksheets\/sheet\d+|comments\d*)\.xml|ppt\/(?:slides\/slide|notesSlides\/notesSlide)\d+\.xml|docProps\/core\.xml|content\.xml|meta\.xml)$/;
/** Elements after which words do not go on. */
const breaking =
  /(?:^|:)(?:p|tab|br|tr|tc|row|c|si|h|list-item|table-cell|title|subject|creator|keywords|description)$/;
/** In a spreadsheet, `v` is a number or an index: no words. */
const skipped = /(?:^|:)(?:v|f|instrText)$/;

export function isOffice(bytes: Uint8Array): boolean {
  return bytes.length > 30 && bytes[0] === 0x50 && bytes[1] === 0x4b && bytes[2] === 3 && bytes[3] === 4;
}

/** At most `maxChars`; "" for a zip that is no document. Rejects for what is no zip. */
export async function officeText(bytes: Uint8Array, maxChars: number): Promise<string> {
  const files = await unzip(bytes, (name) => wanted.test(name), { maxFiles, maxUnpackedBytes, maxRatio });
  let text = "";
  for (const { content } of files) {
    if (text.length >= maxChars) break;
    text += xmlText(content.toString("utf8"), maxChars - text.length);
  }
  return text;
}

function xmlText(xml: string, maxChars: number): string {
  const pieces: string[] = [];
  let length = 0;
  let skip = 0;
  readMarkup(
    xml,
    {
      open(name) {
        if (skipped.test(name)) skip++;
      },
      close(name) {
        if (skipped.test(name) && skip > 0) skip--;
        if (breaking.test(name)) pieces.push("\n");
      },
      text(text) {
        if (skip > 0 || length >= maxChars) return;
        pieces.push(text.slice(0, maxChars - length));
        length += text.length;
      },
    },
    { xmlMode: true },
    () => length >= maxChars,
  );
  return pieces.join("");
}
