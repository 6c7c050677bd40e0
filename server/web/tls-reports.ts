/** Takes TLS reports over HTTPS (RFC 8460 §5.4): `rua=https://HOST/tls-reports`. */
import type { FastifyInstance } from "fastify";

/** A report, packed or not. */
const maxReportBytes = 5 * 1024 * 1024;
/** Reports that are read at a time; more are told to come again. */
const maxAtOnce = 4;

/** `take` answers how many reports it found in the body. */
export function takeTlsReports(app: FastifyInstance, take: (body: Buffer) => Promise<number>): void {
  let underWay = 0;
  // In a scope of its own: what it parses it parses for this address only.
  app.register(async (scope) => {
    scope.addContentTypeParser(
      ["application/tlsrpt+gzip", "application/tlsrpt+json", "application/gzip", "application/json"],
      { parseAs: "buffer", bodyLimit: maxReportBytes },
      (_request, body, done) => done(null, body),
    );
    scope.post("/tls-reports", { bodyLimit: maxReportBytes }, async (request, reply) => {
      reply.type("text/plain");
      if (underWay >= maxAtOnce) return reply.code(503).header("retry-after", "60").send("Too many at once.\n");
      underWay++;
      try {
        const found = Buffer.isBuffer(request.body) ? await take(request.body) : 0;
        return found > 0
          ? reply.code(200).send("Thank you.\n")
          : reply.code(400).send("This is no TLS report (RFC 8460).\n");
      } finally {
        underWay--;
      }
    });
  });
}
