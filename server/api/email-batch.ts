/** Many emails at once: those that can be sent are, and of each it is told what became of it. */
import type { Asked, Injected, Injecting } from "../inject/inject.ts";
import type { Batch } from "./email-schema.ts";
import { eachWithTemplate, isWrong } from "./email-template.ts";
import { type FieldProblem, manyWrong, Problem } from "./problem.ts";
import type { ApiWorld } from "./route.ts";

/** What is wrong with an email, and of what kind it is: of the request's, or of what the account may. */
export type Refused = { readonly kind: "wrong" | "forbidden"; readonly errors: readonly FieldProblem[] };

/** Told of one request that is refused as a whole. */
const maxProblems = 100;

/**
 * What became of each, in the order of the body (an email for many is several messages). `whole`: where one is wrong nothing is sent. A
 * problem where nothing can be sent.
 */
export async function sendBatch(
  { asked, wrong, places }: Batch,
  how: {
    readonly whole: boolean;
    readonly by: Parameters<Injecting["send"]>[1];
    readonly injection: Pick<Injecting, "send" | "look">;
    readonly world: Pick<ApiWorld, "store">;
  },
): Promise<readonly (Injected | Refused)[] | Problem<"validation" | "forbidden">> {
  const { by, injection, world } = how;
  const refused = new Map<string, Refused>(wrong.map(({ place, errors }) => [place, { kind: "wrong", errors }]));
  const given = asked.map(({ one }) => one);
  const made = await eachWithTemplate(given, (index) => asked[index]!.place, by.tenant, world);
  let left: { readonly one: Asked; readonly place: string }[] = [];
  for (const [index, one] of made.entries()) {
    const { place } = asked[index]!;
    if (isWrong(one)) refused.set(place, { kind: "wrong", errors: one.errors });
    else left.push({ one: { ...one, place }, place });
  }
  const all = () => left.map(({ one }) => one);
  let sent = mayGoOn() ? await injection.send(all(), by) : [];
  if ("kind" in sent) {
    const found = await injection.look(all(), by);
    for (const [index, { place }] of left.entries()) {
      const why = found[index];
      if (why === undefined) continue;
      const errors = [{ pointer: `#${place}/${why.field}`, detail: why.why }];
      refused.set(place, { kind: why.kind, errors });
    }
    left = left.filter(({ place }) => !refused.has(place));
    sent = mayGoOn() ? await injection.send(all(), by) : [];
  }
  // What they may has changed between the look and the sending: it is for whoever asks to ask again.
  if ("kind" in sent) return new Problem("forbidden", sent.why);
  if (refused.size > 0 && (how.whole || left.length === 0)) return problemOf([...refused.values()]);
  // An email with recipients of its own is one place and many messages.
  if (refused.size === 0) return sent;
  const byPlace = new Map(left.map(({ place }, index) => [place, sent[index]!]));
  return places.map((place) => refused.get(place) ?? byPlace.get(place)!);

  function mayGoOn(): boolean {
    return left.length > 0 && !(how.whole && refused.size > 0);
  }
}

function problemOf(refused: readonly Refused[]): Problem<"validation" | "forbidden"> {
  const errors = refused.flatMap((one) => one.errors).slice(0, maxProblems);
  if (refused.some(({ kind }) => kind === "wrong")) return manyWrong(errors);
  return new Problem("forbidden", errors[0]?.detail ?? "", errors);
}
