/** Where the world reaches our HTTPS listener, without a slash at the end: as configured (`sending.publicUrl`), or by the host's name. */
export const publicBase = (publicUrl: string, ourHost: string): string =>
  publicUrl === "" ? `https://${ourHost}` : publicUrl.replace(/\/+$/, "");
