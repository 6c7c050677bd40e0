/** Mail that came a longer way for good reasons: through forwarders that we believe, through mailing lists. */
import { saysDmarcPass } from "../../../protocol/authentication/field.ts";
import type { ArcResult, DkimResult } from "../../../protocol/authentication/results.ts";
import { type Header, headerValue } from "../../../protocol/mime/header.ts";

/**
 * The believed sealer that says it saw DMARC pass for `fromDomain`. All who sealed after it must be believed too: any of them
 * could have changed what it says.
 */
export function voucherOf(
  arc: ArcResult,
  fromDomain: string | undefined,
  believed: ReadonlySet<string>,
): string | undefined {
  if (arc.result !== "pass" || fromDomain === undefined) return undefined;
  for (let i = arc.sealers.length - 1; i >= 0; i--) {
    const sealer = arc.sealers[i]!;
    if (!believed.has(sealer)) return undefined;
    if (saysDmarcPass(arc.said[i] ?? "", fromDomain)) return sealer;
  }
  return undefined;
}

/** The list (RFC 2919) whose own domain has signed the message; undefined where it is none, or says so without proof. */
export function listOf(header: Header, dkim: readonly DkimResult[]): string | undefined {
  const given = headerValue(header, "list-id");
  const id = given === undefined ? undefined : /<([^<>\s]{1,253})>\s*$/.exec(given)?.[1]?.toLowerCase();
  if (id === undefined) return undefined;
  const signed = dkim.some((one) => one.result === "pass" && (id === one.domain || id.endsWith(`.${one.domain}`)));
  return signed ? id : undefined;
}
