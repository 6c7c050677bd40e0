/** TLS reports in a mail, or as they come over HTTPS (RFC 8460 §5). Runs in a worker thread; what is unpacked is bounded. */
import { readTlsReport, type TlsReport } from "../../protocol/policy/tls-report.ts";
import { maxPayloadBytes, payloadsOf, unpack } from "./payloads.ts";

export type ReadTls = { readonly reports: readonly TlsReport[]; readonly faults: readonly string[] };

export type ReadTlsTask = {
  /** `mail`: a whole message; otherwise the report alone, as JSON or packed. */
  readonly form: "mail" | "alone";
  readonly bytes: Uint8Array;
};

export async function readTls({ form, bytes }: ReadTlsTask): Promise<ReadTls> {
  const { payloads, faults } =
    form === "mail"
      ? await payloadsOf(bytes, isTlsReport)
      : await alone(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length));
  const reports: TlsReport[] = [];
  const wrong = [...faults];
  for (const payload of payloads) {
    const read = readTlsReport(payload.bytes.toString("utf8"));
    if ("mistake" in read) wrong.push(read.mistake);
    else reports.push(read);
  }
  return { reports, faults: wrong };
}

async function alone(
  bytes: Buffer,
): Promise<{ readonly payloads: readonly { readonly bytes: Buffer }[]; readonly faults: readonly string[] }> {
  const unpacked = await unpack(bytes, maxPayloadBytes);
  return typeof unpacked === "string"
    ? { payloads: [], faults: [`the report ${unpacked}`] }
    : { payloads: [{ bytes: unpacked }], faults: [] };
}

function isTlsReport(type: string, name: string): boolean {
  if (type === "application/tlsrpt+gzip" || type === "application/tlsrpt+json") return true;
  return /^application\/(gzip|x-gzip|json|octet-stream)$/.test(type) && /\.json(\.gz)?$/.test(name);
}
