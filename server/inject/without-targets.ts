/** The journey of a message as those may read it who wrote to an address that forwards: they do not learn where it leads. Pure. */
import { codesOf } from "../shape/reply-code.ts";
import type { JourneyEntry } from "../store/store.ts";

/** Stages of which the detail says in whose words, and where, a receiver answered. */
const attempts: ReadonlySet<string> = new Set(["delivered", "deferred", "bounced", "expired"]);
/** What of an attempt tells nothing of the receiver. */
const plain = ["source", "class", "nextAt"] as const;

/** Addresses that others forward to, with as what they are told; "": not at all. */
export function throughOf(entries: readonly JourneyEntry[]): ReadonlyMap<string, string> {
  const through = new Map<string, string>();
  for (const { detail } of entries)
    if (typeof detail["through"] === "object" && detail["through"] !== null)
      for (const [address, toldAs] of Object.entries(detail["through"])) through.set(address, String(toldAs));
  return through;
}

export function withoutTargets<T extends JourneyEntry>(entries: readonly T[]): readonly T[] {
  const through = throughOf(entries);
  if (through.size === 0) return entries;
  return entries.flatMap((entry): T[] => {
    const name = entry.stage === "queued" || entry.stage === "held" ? "recipients" : "to";
    const { [name]: names, through: _, forwardedBy: __, ...rest } = entry.detail;
    if (entry.stage === "accepted" || !Array.isArray(names)) return [entry];
    const direct = names.filter((one) => !through.has(one));
    const forwards = new Set(names.flatMap((one) => through.get(one) || []));
    if (!attempts.has(entry.stage)) {
      const all = [...new Set([...direct, ...forwards])];
      return all.length === 0 ? [] : [{ ...entry, detail: { ...rest, [name]: all } }];
    }
    const said: { [name: string]: unknown } = { [name]: [...forwards], reply: codesOf(String(rest["reply"] ?? "")) };
    for (const what of plain) if (rest[what] !== undefined) said[what] = rest[what];
    return [
      ...(direct.length === 0 ? [] : [{ ...entry, detail: { ...rest, [name]: direct } }]),
      ...(forwards.size === 0 ? [] : [{ ...entry, detail: said }]),
    ];
  });
}
