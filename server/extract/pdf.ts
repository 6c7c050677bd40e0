/** The text of PDF documents, by pdf.js as the package unpdf carries it. */

/** Pages read of one document. */
const maxPages = 200;

export function isPdf(bytes: Uint8Array): boolean {
  // Readers accept some bytes before the mark.
  return Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.length, 1024)).includes("%PDF-");
}

/** At most `maxChars`. Rejects for what pdf.js cannot read, passwords among it. */
export async function pdfText(bytes: Uint8Array, maxChars: number): Promise<string> {
  const { getDocumentProxy } = await import("unpdf");
  // pdf.js takes the bytes away: it gets its own.
  const document = await getDocumentProxy(new Uint8Array(bytes), { verbosity: 0 });
  try {
    let text = "";
    for (let number = 1; number <= Math.min(document.numPages, maxPages) && text.length < maxChars; number++) {
      const page = await document.getPage(number);
      const { items } = await page.getTextContent();
      for (const item of items) if ("str" in item) text += item.hasEOL ? `${item.str}\n` : item.str;
      text += "\n";
      page.cleanup();
    }
    return text.slice(0, maxChars);
  } finally {
    await document.loadingTask.destroy();
  }
}
