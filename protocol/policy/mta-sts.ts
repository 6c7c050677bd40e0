/** MTA-STS (RFC 8461): the record that announces a policy, the policy itself, and which hosts it allows. Pure. */

import { createHash } from "node:crypto";

export type StsMode = "enforce" | "testing" | "none";
export const stsModes = ["enforce", "testing", "none"] as const satisfies readonly StsMode[];

export type StsPolicy = {
  readonly mode: StsMode;
  /** Seconds that the policy may be kept, at most `maxMaxAge`. */
  readonly maxAge: number;
  /** Lower case: "mx.example.org" or "*.example.org". */
  readonly mx: readonly string[];
};

/** RFC 8461 §3.2: 31557600 seconds, a year. */
export const maxMaxAge = 31_557_600;
/** RFC 8461 §3.3 advises a bound on the file: this one. */
export const maxPolicyBytes = 64 * 1024;
/** Hosts named by one policy. */
export const maxPolicyHosts = 100;

/** RFC 8461 §3.1: the id of the one record that is of this kind; undefined where there is none, several, or a wrong one. */
export function stsId(texts: readonly string[]): string | undefined {
  const records = texts.filter((text) => /^v=STSv1\s*;/.test(text));
  if (records.length !== 1) return undefined;
  const fields = records[0]!.split(";").map((field) => field.trim());
  const ids = fields.flatMap((field) => /^id\s*=\s*([A-Za-z0-9]{1,32})$/.exec(field)?.[1] ?? []);
  return ids.length === 1 ? ids[0] : undefined;
}

/** RFC 8461 §3.2. Unknown keys are passed over; of a key that may stand once the first counts. Otherwise a sentence. */
export function parsePolicy(text: string): StsPolicy | { readonly mistake: string } {
  const once = new Map<string, string>();
  const mx: string[] = [];
  for (const line of text.split("\n")) {
    const found = /^([A-Za-z0-9][A-Za-z0-9_.-]{0,31})[ \t]*:(.*)$/s.exec(line);
    if (found === null) {
      if (line.trim() === "") continue;
      return { mistake: `a line of the policy is no "key: value": ${JSON.stringify(line.slice(0, 60))}` };
    }
    const [, key = ""] = found;
    const value = found[2]?.trim() ?? "";
    if (key !== "mx") {
      if (!once.has(key)) once.set(key, value);
      continue;
    }
    const pattern = value.toLowerCase().replace(/\.$/, "");
    if (!mxPattern.test(pattern)) return { mistake: `mx "${value.slice(0, 100)}" is no host name` };
    if (mx.length >= maxPolicyHosts) return { mistake: `the policy names more than ${maxPolicyHosts} hosts` };
    mx.push(pattern);
  }
  if (once.get("version") !== "STSv1") return { mistake: "the policy is not of version STSv1" };
  const mode = stsModes.find((known) => known === once.get("mode"));
  if (mode === undefined) return { mistake: "the mode of the policy is neither enforce, testing nor none" };
  const age = once.get("max_age") ?? "";
  if (!/^\d{1,10}$/.test(age)) return { mistake: "max_age of the policy is no number of seconds" };
  if (mode !== "none" && mx.length === 0) return { mistake: "the policy names no host" };
  return { mode, maxAge: Math.min(Number(age), maxMaxAge), mx };
}

const mxPattern =
  /^(\*\.)?(?=.{1,253}$)[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?)*$/;

/** RFC 8461 §4.1: a wildcard stands for exactly one label. */
export function allowsHost(policy: Pick<StsPolicy, "mx">, host: string): boolean {
  const name = host.toLowerCase().replace(/\.$/, "");
  const dot = name.indexOf(".");
  return policy.mx.some(
    (pattern) => pattern === name || (pattern.startsWith("*.") && dot > 0 && name.slice(dot + 1) === pattern.slice(2)),
  );
}

/** The file as a server serves it. */
export function policyText({ mode, maxAge, mx }: StsPolicy): string {
  const lines = ["version: STSv1", `mode: ${mode}`, ...mx.map((host) => `mx: ${host}`), `max_age: ${maxAge}`];
  return lines.map((line) => `${line}\r\n`).join("");
}

/** An id that is another one for another policy: what the record of §3.1 says. */
export function policyId(policy: StsPolicy): string {
  return createHash("sha256").update(policyText(policy)).digest("hex").slice(0, 20);
}
