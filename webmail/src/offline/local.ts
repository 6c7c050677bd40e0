/** Made on this device: the server does not know it yet. */
export const isLocal = (id: string): boolean => id.startsWith("here-");
