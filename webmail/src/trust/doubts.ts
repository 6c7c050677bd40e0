/** What a careful reader would notice about a sender. */
import type { Email } from "../jmap/types.ts";

export type Doubt =
  /** The name shown is an address, and not the one it comes from. */
  | { readonly kind: "name-is-address"; readonly says: string }
  /** The domain looks like one that is known, and is another. */
  | { readonly kind: "look-alike"; readonly domain: string; readonly like: string }
  /** A name of one's own people with a foreign address. */
  | { readonly kind: "name-of-ours"; readonly name: string }
  /** Answers go to another domain than it came from. */
  | { readonly kind: "reply-elsewhere"; readonly to: string };

const confusable: { readonly [char: string]: string } = {
  "0": "o",
  "1": "l",
  "3": "e",
  "5": "s",
  і: "i",
  ı: "i",
  а: "a",
  е: "e",
  о: "o",
  р: "p",
  с: "c",
  х: "x",
  у: "y",
  ԁ: "d",
  ո: "n",
  ѕ: "s",
  ɡ: "g",
  ⅼ: "l",
};

/** Letters that are read alike are made alike; "rn" is read "m", "vv" "w". */
function skeleton(domain: string): string {
  return [...domain.toLowerCase().normalize("NFKD").replace(/\p{M}/gu, "")]
    .map((char) => confusable[char] ?? char)
    .join("")
    .replaceAll("rn", "m")
    .replaceAll("vv", "w")
    .replaceAll("-", "");
}

/** At most one letter more, less, other, or two that changed places. */
function near(a: string, b: string): boolean {
  if (Math.abs(a.length - b.length) > 1) return false;
  let i = 0;
  while (i < a.length && a[i] === b[i]) i++;
  const [x, y] = [a.slice(i), b.slice(i)];
  return (
    x.slice(1) === y.slice(1) ||
    x === y.slice(1) ||
    x.slice(1) === y ||
    (x[0] === y[1] && x[1] === y[0] && x.slice(2) === y.slice(2))
  );
}

/**
 * @param known domains of one's own, and of those one writes to
 * @param ownPeople names of one's own domain's people
 */
export function doubtsOf(
  email: Pick<Email, "from" | "replyTo">,
  known: ReadonlySet<string>,
  ownNames: ReadonlySet<string>,
): readonly Doubt[] {
  const doubts: Doubt[] = [];
  const from = email.from?.[0];
  if (from === undefined) return doubts;
  const domain = (from.email.split("@").pop() ?? "").toLowerCase();
  const said = /[\w.+-]+@[\w-]+(?:\.[\w-]+)+/.exec((from.name ?? "").slice(0, 300))?.[0]?.toLowerCase();
  if (said !== undefined && said.split("@")[1] !== domain) doubts.push({ kind: "name-is-address", says: said });
  if (!known.has(domain) && domain.length >= 6) {
    const shape = skeleton(domain);
    for (const other of known) {
      if (other.length < 6 || domain.endsWith(`.${other}`)) continue;
      const otherShape = skeleton(other);
      if (shape === otherShape || near(shape, otherShape)) {
        doubts.push({ kind: "look-alike", domain, like: other });
        break;
      }
    }
  }
  const name = (from.name ?? "").trim().toLowerCase();
  if (name.includes(" ") && ownNames.has(name) && !known.has(domain))
    doubts.push({ kind: "name-of-ours", name: from.name ?? "" });
  const reply = email.replyTo?.[0]?.email.split("@").pop()?.toLowerCase();
  if (
    reply !== undefined &&
    reply !== domain &&
    !reply.endsWith(`.${domain}`) &&
    !domain.endsWith(`.${reply}`) &&
    !known.has(reply)
  )
    doubts.push({ kind: "reply-elsewhere", to: email.replyTo?.[0]?.email ?? "" });
  return doubts;
}
