/** Where in the console we are: what stands behind # in the address, "#/domains/example.org?tab=dns". */
type Place = { readonly parts: readonly string[]; readonly query: { readonly [name: string]: string } };

function read(): Place {
  const [path = "", query = ""] = location.hash.replace(/^#\/?/, "").split("?");
  return {
    parts: path.split("/").filter(Boolean).map(decode),
    query: Object.fromEntries(new URLSearchParams(query)),
  };
}
function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

const now = $state<{ place: Place }>({ place: { parts: [], query: {} } });
export const place = (): Place => now.place;

export function startRouting(): void {
  now.place = read();
  addEventListener("hashchange", () => {
    now.place = read();
  });
}

/** An address within the console. */
export function to(parts: readonly string[], query: { readonly [name: string]: string | undefined } = {}): string {
  const asked = new URLSearchParams(Object.entries(query).filter((pair): pair is [string, string] => Boolean(pair[1])));
  return `#/${parts.map(encodeURIComponent).join("/")}${asked.size > 0 ? `?${asked}` : ""}`;
}

export function go(parts: readonly string[], query: { readonly [name: string]: string | undefined } = {}): void {
  location.hash = to(parts, query);
}
/** The same place with other words behind the question mark, without a step in the history. */
export function refine(query: { readonly [name: string]: string | undefined }): void {
  // Where we are now: `go` may have led elsewhere a moment ago.
  const { parts, query: before } = read();
  history.replaceState(null, "", to(parts, { ...before, ...query }));
  now.place = read();
}
