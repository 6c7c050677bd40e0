/** What needs a person: told so that many of a kind do not hide what is alone. */
import { z } from "zod";

export const Need = z.object({
  severity: z.enum(["bad", "warning"]),
  kind: z.enum(["dns", "dns-unseen", "certificate", "queue", "quarantine", "quota", "sender", "outgoing"]),
  about: z.string().describe("What it is about; empty where it is about many."),
  words: z.string(),
});
export type Need = z.output<typeof Need>;

/** Of what is alike, so many are named. */
const maxNamed = 4;

const more: { readonly [kind in Need["kind"]]: string } = {
  dns: "more domains lack something in DNS.",
  "dns-unseen": "more domains have not been looked at in DNS yet.",
  certificate: "more certificates end soon.",
  queue: "more things wait in the queue.",
  quarantine: "more messages are kept back.",
  quota: "more accounts have little room left.",
  sender: "more accounts may not send.",
  outgoing: "more are held.",
};

/** The worst first; of what is alike some by name, the others as a number. */
export function worstFirst(needs: readonly Need[]): readonly Need[] {
  const alike = Map.groupBy(needs, ({ severity, kind }) => `${severity} ${kind}`);
  const told = [...alike.values()].flatMap((some) => {
    const [first] = some;
    // One more by name is no longer than its number.
    if (first === undefined || some.length <= maxNamed + 1) return some;
    return [
      ...some.slice(0, maxNamed),
      { ...first, about: "", words: `${some.length - maxNamed} ${more[first.kind]}` },
    ];
  });
  const rank = ({ severity }: Need) => (severity === "bad" ? 0 : 1);
  return told.sort((one, other) => rank(one) - rank(other));
}
