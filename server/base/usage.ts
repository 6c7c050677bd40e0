/** The words of a command line were not understood: the message is a sentence, the exit code 2. */
export class UsageError extends Error {}
