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

/** Runs `work` to its end; at each of its steps others may have their turn. */
export async function breathing<T>(work: Iterator<undefined, T>): Promise<T> {
  const pause = breather();
  for (let step = work.next(); ; step = work.next()) {
    if (step.done === true) return step.value;
    const turn = pause();
    if (turn !== undefined) await turn;
  }
}

/** What is made of each of many. */
export async function breathingMap<T, U>(all: readonly T[], make: (one: T) => U): Promise<U[]> {
  const pause = breather();
  const made: U[] = [];
  for (const one of all) {
    made.push(make(one));
    const turn = pause();
    if (turn !== undefined) await turn;
  }
  return made;
}

export const breathingFlatMap = async <T, U>(all: readonly T[], make: (one: T) => readonly U[]): Promise<U[]> =>
  (await breathingMap(all, make)).flat();

/** Those of many that a test is for. */
export const breathingFilter = <T>(all: readonly T[], test: (one: T) => boolean): Promise<T[]> =>
  breathingFlatMap(all, (one) => (test(one) ? [one] : []));
