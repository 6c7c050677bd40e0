/** Who really sent it, from the Authentication-Results (RFC 8601) that our server wrote when it took the message: what stands in the header may be forged. */
import type { Email } from "../jmap/types.ts";

export type Check = {
  readonly method: string;
  readonly result: string;
  readonly domain: string | undefined;
  /** Of DMARC without a pass: a signature of the author's own organisation holds all the same (there is no policy). */
  readonly aligned: boolean;
};

export type Authentication =
  /** The domain of From stands for it: DMARC passed, or an aligned signature. */
  | { readonly kind: "verified"; readonly domain: string; readonly checks: readonly Check[] }
  /** The domain of From says that it is not theirs. */
  | { readonly kind: "forged"; readonly domain: string; readonly checks: readonly Check[] }
  /** This server has not looked: it was imported, or came by a server that is trusted. Another server does not say what it has found. */
  | { readonly kind: "unchecked"; readonly domain: string; readonly checks: readonly Check[] }
  /** Nobody stands for it. */
  | { readonly kind: "unknown"; readonly domain: string; readonly checks: readonly Check[] }
  /** It came from a signed-in person of this server. */
  | { readonly kind: "ours"; readonly domain: string; readonly checks: readonly Check[] }
  /** The server wrote it itself: a notice, an automatic answer. */
  | { readonly kind: "server"; readonly domain: string; readonly checks: readonly Check[] };

/** More than eight signatures with the longest names come to. */
const maxFieldChars = 16_000;

/** RFC 8601 §2.2: method=result, then comments, reasons and properties. */
function checksOf(field: string): readonly Check[] {
  const plain = field
    .slice(0, maxFieldChars)
    .replace(/\([^()]*\)/g, " ")
    .replace(/"(?:[^"\\]|\\.)*"/g, (quoted) => quoted.replaceAll(";", ","));
  return plain
    .split(";")
    .slice(1)
    .flatMap((part) => {
      const [, method, result] = /^\s*([\w-]+)(?:\/\d+)?\s*=\s*([\w-]+)/.exec(part) ?? [];
      if (method === undefined || result === undefined) return [];
      const domain = /\b(?:header\.from|header\.d|smtp\.mailfrom|smtp\.helo|header\.i)\s*=\s*"?([^\s;"]+)/i.exec(
        part,
      )?.[1];
      return [
        {
          method: method.toLowerCase(),
          result: result.toLowerCase(),
          domain: domain?.replace(/^.*@/, "").toLowerCase(),
          aligned: /\spolicy\.aligned=dkim\b/.test(part),
        },
      ];
    });
}

/**
 * The domain whose picture (BIMI) may be shown: a mark authority vouches for it, and the mail is really from there. Only the picture that is
 * everybody's: another selector could be made for one recipient.
 */
export function markDomain(email: Pick<Email, "authenticationResults" | "from">): string | undefined {
  const found = authenticationOf(email);
  if (found.kind !== "verified") return undefined;
  const piece = (email.authenticationResults ?? "")
    .replace(/\([^()]*\)/g, " ")
    .split(";")
    .find((part) => /^\s*bimi\s*=\s*pass\b/i.test(part));
  if (piece === undefined || !/\bpolicy\.authority\s*=\s*pass\b/i.test(piece)) return undefined;
  if (!/\bheader\.selector\s*=\s*default\b/i.test(piece)) return undefined;
  const domain = /\bheader\.d\s*=\s*([\w.-]+)/i.exec(piece)?.[1]?.toLowerCase();
  return domain !== undefined && (found.domain === domain || found.domain.endsWith(`.${domain}`)) ? domain : undefined;
}

export function authenticationOf(email: Pick<Email, "authenticationResults" | "from">): Authentication {
  const domain = (email.from?.[0]?.email.split("@").pop() ?? "").toLowerCase();
  const results = email.authenticationResults ?? "";
  if (results === "") return { kind: "unchecked", domain, checks: [] };
  const checks = checksOf(results);
  const of = (method: string) => checks.filter((check) => check.method === method);
  if (of("dmarc").some(({ result }) => result === "pass")) return { kind: "verified", domain, checks };
  const refuted = of("dmarc").some(({ result }) => result === "fail");
  const signed = of("dkim").some((check) => check.result === "pass" && check.domain === domain);
  // Whose domain stands for whose below or above it is for the server to say: it knows which of them are people's own.
  if (!refuted && (signed || of("dmarc").some(({ aligned }) => aligned))) return { kind: "verified", domain, checks };
  if (of("auth").some(({ result }) => result === "pass")) return { kind: "ours", domain, checks };
  if (of("x-local").some(({ result }) => result === "pass")) return { kind: "server", domain, checks };
  if (refuted) return { kind: "forged", domain, checks };
  return { kind: "unknown", domain, checks };
}
