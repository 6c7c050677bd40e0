/** A key of one's own that has to be unlocked first. */
export class Locked extends Error {
  readonly fingerprint: string;
  constructor(fingerprint: string) {
    super("locked");
    this.fingerprint = fingerprint;
  }
}
