/** The moment when what one came for is there to see: what only helps later waits for it. */
const longestMs = 3_000;

let resolve: () => void = () => {};
/** Comes when the first list stands; at the latest after some seconds. */
export const standing = new Promise<void>((there) => {
  resolve = there;
  setTimeout(there, longestMs);
});

/** The list has been answered: it stands when it has been painted. */
export function stands(): void {
  requestAnimationFrame(() => setTimeout(resolve, 0));
}
