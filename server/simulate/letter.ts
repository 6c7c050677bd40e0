/** The letter that simulations send. */
import type { NewMessage } from "../store/store.ts";

export function letter(author: string, to: string): NewMessage {
  const bytes = Buffer.from(
    `From: news@${author}\r\nTo: ${to}\r\nSubject: news\r\nMessage-ID: <${to}>\r\n\r\nNews.\r\n`,
  );
  return {
    bytes,
    facts: {
      headerBytes: bytes.indexOf("\r\n\r\n") + 4,
      envelope: "",
      structure: "",
      subject: "news",
      sentAt: undefined,
      messageId: to,
      references: [],
      hasAttachment: false,
      signature: new Uint8Array(0),
    },
  };
}
