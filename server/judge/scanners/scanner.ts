/** Other programs that are asked about a message too: what they may say, and what follows when they say nothing. */
import type { Header } from "../../../protocol/mime/header.ts";
import { reply } from "../../../protocol/smtp/reply.ts";
import type { Log } from "../../base/log.ts";
import type { Received } from "../../receive/received.ts";
import type { PartialJudge, Taken, Verdict } from "../judge.ts";

export type Opinion =
  | { readonly kind: "clean" }
  | { readonly kind: "junk" | "quarantine" | "refuse" | "later"; readonly why: string };

export type Scanner = {
  /** "ClamAV" */
  readonly name: string;
  /** It knows malware: what it lets pass holds none that is known. */
  readonly knowsMalware?: true;
  /** Rejects where the scanner cannot be asked. */
  readonly ask: (mail: Received, header: Header) => Promise<Opinion>;
};

export const downPolicies = ["accept", "later", "quarantine"] as const;
export type DownPolicy = (typeof downPolicies)[number];

/** `asked`: it answered. */
type Answer = { readonly name: string; readonly asked: boolean; readonly opinion: Opinion };

const clean: Taken = { kind: "accept", notes: [] };
const clear: Taken = { ...clean, findings: { virus: 1 } };

/** All are asked at the same time. */
export function makeScannerJudge(scanners: readonly Scanner[], whenDown: DownPolicy, log: Log): PartialJudge {
  return async (mail, header, findings) => {
    const opinions = await Promise.all(
      scanners.map(async (scanner): Promise<Answer> => {
        const { name } = scanner;
        try {
          return { name, asked: true, opinion: await scanner.ask(mail, header) };
        } catch (error) {
          log.error({ id: mail.id, scanner: name, error, whenDown }, "a scanner cannot be asked");
          const why = `${name} could not be asked`;
          return { name, asked: false, opinion: whenDown === "accept" ? { kind: "clean" } : { kind: whenDown, why } };
        }
      }),
    );
    const verdict = verdictOf(opinions, mail);
    const looked = scanners.some(({ knowsMalware }, index) => knowsMalware === true && opinions[index]?.asked === true);
    return looked && verdict === clean && findings.virus === undefined ? clear : verdict;
  };
}

const gravity = ["clean", "junk", "later", "quarantine", "refuse"] as const;

function verdictOf(opinions: readonly Answer[], mail: Received): Verdict {
  const worst = opinions.reduce<Answer | undefined>(
    (one, next) =>
      one === undefined || gravity.indexOf(next.opinion.kind) > gravity.indexOf(one.opinion.kind) ? next : one,
    undefined,
  );
  if (worst === undefined || worst.opinion.kind === "clean") return clean;
  const { kind, why } = worst.opinion;
  const notes = [`${worst.name.toLowerCase()}-${kind}`];
  const reasons = [why];
  const said = why.replace(/[^ -~]/g, "?").slice(0, 300);
  switch (kind) {
    case "refuse":
      return { kind, reply: reply(554, "5.7.1", said), notes, reasons };
    case "later":
      return { kind, reply: reply(451, "4.7.1", `${said}; try again later`), notes, reasons };
    case "quarantine":
      // Our own people hear at once what is wrong with their mail.
      if (mail.account !== undefined) return { kind: "refuse", reply: reply(554, "5.7.1", said), notes, reasons };
      return { kind, notes, reasons };
    case "junk":
      return { kind, notes, reasons };
    default:
      return kind satisfies never;
  }
}
