/** DNS as the pure parts see it: questions that are passed in as functions. What `server/net/resolver.ts` answers fits. */

export type DnsAnswer<T> =
  | { readonly kind: "found"; readonly records: readonly T[] }
  /** `exists`: the name is there, without such records. */
  | { readonly kind: "none"; readonly exists: boolean }
  | { readonly kind: "trouble" };

export type AskTxt = (name: string) => Promise<DnsAnswer<string>>;

/** RFC 1035 §2.3.4: labels of 1 to 63 octets, 253 in all as text, at least `labels` of them. */
export function isDnsName(name: string, labels = 1): boolean {
  return (
    name.length <= 253 &&
    /^[\x20-\x2d\x2f-\x7e]{1,63}(?:\.[\x20-\x2d\x2f-\x7e]{1,63})*$/.test(name) &&
    (labels <= 1 || name.split(".").length >= labels)
  );
}
