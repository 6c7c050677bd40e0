/** Asks now, and again and again while the page is looked at; answers how to end it. */
export function refresh(load: () => Promise<void>, everyMs: number): () => void {
  void load();
  const timer = setInterval(() => {
    if (document.visibilityState === "visible") void load();
  }, everyMs);
  return () => clearInterval(timer);
}
