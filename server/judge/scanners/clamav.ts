/** ClamAV's clamd over its socket: INSTREAM, a length before each chunk, a zero length at the end (clamd(8)). */
import type { Opinion, Scanner } from "./scanner.ts";
import { open, type SocketAddress } from "./socket.ts";

const chunkBytes = 256 * 1024;
const maxAnswerBytes = 4096;

export type ClamavSettings = { readonly address: SocketAddress; readonly timeoutMs: number; readonly maxBytes: number };

export function clamav({ address, timeoutMs, maxBytes }: ClamavSettings): Scanner {
  return {
    name: "ClamAV",
    knowsMalware: true,
    ask: async ({ bytes }) => answerOf(await instream(address, bytes.subarray(0, maxBytes), timeoutMs)),
  };
}

/** "stream: OK", "stream: Name FOUND", or an error, which throws. */
function answerOf(answer: string): Opinion {
  const text = answer.replace(/\0/g, "").trim();
  if (/: OK$/.test(text)) return { kind: "clean" };
  const found = /^(?:stream: )?(.+) FOUND$/.exec(text);
  if (found === null) throw new Error(`ClamAV answers: ${text.slice(0, 200)}`);
  return { kind: "refuse", why: `ClamAV found ${found[1]!.slice(0, 100)} in this message` };
}

async function instream(address: SocketAddress, bytes: Buffer, timeoutMs: number): Promise<string> {
  const socket = await open(address, timeoutMs);
  const answer = new Promise<string>((resolve, reject) => {
    let text = "";
    socket.on("data", (piece: Buffer) => {
      text += piece.toString("latin1");
      if (text.includes("\0") || text.length > maxAnswerBytes) {
        resolve(text);
        socket.destroy();
      }
    });
    socket.on("error", reject);
    socket.on("close", () => (text === "" ? reject(new Error("ClamAV closed the connection")) : resolve(text)));
  });
  socket.write("zINSTREAM\0");
  for (let at = 0; at < bytes.length; at += chunkBytes) {
    const chunk = bytes.subarray(at, at + chunkBytes);
    const length = Buffer.alloc(4);
    length.writeUInt32BE(chunk.length);
    socket.write(length);
    socket.write(chunk);
  }
  socket.write(Buffer.alloc(4));
  return answer;
}
