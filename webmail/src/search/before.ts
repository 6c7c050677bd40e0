/** What was searched on this device, newest first. */
const key = "angarium.searches";
const maxKept = 8;

export function searchesBefore(): readonly string[] {
  try {
    const kept: unknown = JSON.parse(localStorage.getItem(key) ?? "[]");
    return Array.isArray(kept) ? kept.filter((one): one is string => typeof one === "string").slice(0, maxKept) : [];
  } catch {
    return [];
  }
}

export function rememberSearch(text: string): void {
  try {
    localStorage.setItem(
      key,
      JSON.stringify([text, ...searchesBefore().filter((one) => one !== text)].slice(0, maxKept)),
    );
  } catch {
    // Without storage nothing is remembered.
  }
}
