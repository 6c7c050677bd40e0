/** Other programs that are asked about a message too: what they may say, and what follows when they say nothing. */
import type { Header } from "../../../protocol/mime/header.ts";
import { reply } from "../../../protocol/smtp/reply.ts";
import type { Log } from "../../log.ts";
import type { Received } from "../../receive/received.ts";
import type { PartialJudge, Taken } from "../judge.ts";

export type Opinion =
  | { readonly kind: "clean" }
  | { readonly kind: "junk" | "quarantine" | "refuse" | "later"; readonly why: string };

export type Scanner = {
  /** "ClamAV" */
  readonly name: string;
  /** Rejects where the scanner cannot be asked. */
  readonly ask: (mail: Received, header: Header) => Promise<Opinion>;
};

export const downPolicies = ["accept", "later", "quarantine"] as const;
export type DownPolicy = (typeof downPolicies)[number];

const clean: Taken = { kind: "accept", notes: [] };

/** All are asked at the same time. */
export function makeScannerJudge(scanners: readonly Scanner[], whenDown: DownPolicy, log: Log): PartialJudge {
  return async (mail, header) => {
    const opinions = await Promise.all(
      scanners.map(async (scanner): Promise<{ readonly name: string; readonly opinion: Opinion }> => {
        const { name } = scanner;
        try {
          return { name, opinion: await scanner.ask(mail, header) };
        } catch (error) {
          log.error({ id: mail.id, scanner: name, error, whenDown }, "a scanner cannot be asked");
          const why = `${name} could not be asked`;
          return { name, opinion: whenDown === "accept" ? { kind: "clean" } : { kind: whenDown, why } };
        }
      }),
    );
    return verdictOf(opinions, mail);
  };
}

const gravity = ["clean", "junk", "later", "quarantine", "refuse"] as const;

function verdictOf(
  opinions: readonly { readonly name: string; readonly opinion: Opinion }[],
  mail: Received,
): ReturnType<PartialJudge> {
  const worst = opinions.reduce<(typeof opinions)[number] | undefined>(
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
