/** The service worker's copies of parts of messages; gone when the reader signs out. */
export const partsCache = "angarium-parts";
