/** Stands before the server as another build of the page would: once told so, the page and its worker are new. */
import { createServer, request } from "node:http";
import type { AddressInfo } from "node:net";

export type NextBuild = {
  readonly origin: string;
  /** From now on there is a new build. */
  readonly build: (name: string) => void;
  readonly stop: () => Promise<void>;
};

export async function beforeServer(origin: string): Promise<NextBuild> {
  let build: string | undefined;
  const server = createServer((from, to) => {
    const { pathname } = new URL(from.url ?? "/", origin);
    const { "accept-encoding": _coding, ...headers } = from.headers;
    // A connection of its own: one that was kept may be closed by the server just when it is used again.
    const asked = request(
      new URL(from.url ?? "/", origin),
      { method: from.method, headers, agent: false },
      (answer) => {
        const { "content-length": _length, ...plain } = answer.headers;
        if (build === undefined || !["/", "/sw.js"].includes(pathname)) {
          to.writeHead(answer.statusCode ?? 502, answer.headers);
          answer.pipe(to);
          return;
        }
        const pieces: Buffer[] = [];
        answer.on("data", (piece: Buffer) => pieces.push(piece));
        answer.on("end", () => {
          const text = Buffer.concat(pieces).toString();
          to.writeHead(200, plain).end(
            pathname === "/"
              ? text.replace("<head>", `<head><meta name="build" content="${build}">`)
              : // The revision of the page is what is in it.
                text.replace(/(url:[`"']\/[`"'],revision:[`"'])[\da-f]+/, `$1${build}`),
          );
        });
      },
    );
    asked.on("error", () => to.destroy());
    to.on("close", () => asked.destroy());
    from.pipe(asked);
  });
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    build: (name) => {
      build = name;
    },
    stop: () =>
      new Promise((closed) => {
        server.close(() => closed());
        server.closeAllConnections();
      }),
  };
}
