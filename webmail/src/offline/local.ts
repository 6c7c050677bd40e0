/** The state of what this device answers in place of the server. */
export const answeredHere = "here";

/** Made on this device: the server does not know it yet. */
export const isLocal = (id: string): boolean => id.startsWith("here-");
