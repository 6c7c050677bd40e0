/** A large inbox, put into the store of a data folder that no server has open. */
import { factsOf } from "../../protocol/mime/facts-of.ts";
import { openSqliteStore } from "../../server/store/client.ts";

const words =
  "report invoice meeting holiday picture letter garden travel kitchen window bridge music winter paper river".split(
    " ",
  );

function letter(i: number): Buffer {
  const word = words[i % words.length];
  const other = words[(i * 7) % words.length];
  const isReply = i % 5 === 4;
  const body = `Dear all,\r\n\r\n${`the ${word} and the ${other} number ${i} are ready.\r\n`.repeat(12)}\r\nYours, Person ${i % 97}\r\n`;
  return Buffer.from(
    `From: Person ${i % 97} <p${i % 97}@far.test>\r\nTo: u1@example.test\r\nSubject: ${isReply ? "Re: " : ""}The ${word} ${Math.floor(i / 5)}\r\n` +
      `Date: ${new Date(1_700_000_000_000 + i * 60_000).toUTCString().replace("GMT", "+0000")}\r\nMessage-ID: <m${i}@far.test>\r\n` +
      `${isReply ? `References: <m${i - 1}@far.test>\r\n` : ""}MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n${body}`,
  );
}

/** `count` letters of about 800 bytes for u1, a conversation of five, a third of them unread. */
export async function fill(data: string, count: number): Promise<void> {
  const store = await openSqliteStore({ dir: data });
  const [account] = await store.accounts({ name: "u1@example.test" });
  if (account === undefined) throw new Error("There is no u1.");
  for (let from = 0; from < count; from += 1000)
    await store.append(
      account.id,
      1,
      Array.from({ length: Math.min(1000, count - from) }, (_, k) => {
        const i = from + k;
        const bytes = letter(i);
        const flags = (i % 3 === 0 ? 0 : 1) | (i % 50 === 0 ? 4 : 0);
        return {
          bytes,
          facts: factsOf(bytes),
          marks: { flags, keywords: [] },
          receivedAt: 1_700_000_000_000 + i * 60_000,
        };
      }),
    );
  await store.close();
}
