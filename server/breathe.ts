/** A long row of small works on the main thread lets others have their turn: `await` what this answers between two of them. */
const holdMs = 8;

export function breather(): () => Promise<void> | undefined {
  let since = performance.now();
  return () => {
    if (performance.now() - since < holdMs) return undefined;
    return new Promise((resolve) =>
      setImmediate(() => {
        since = performance.now();
        resolve();
      }),
    );
  };
}
