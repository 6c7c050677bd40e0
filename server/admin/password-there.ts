/** How a command is told a password of elsewhere: as a word, which others on the machine can see while it runs, or in a file. */

/** What stands in a file of one line. */
export const line = (text: string | undefined): string | undefined => text?.replace(/\r?\n$/, "");

export const passwordThere = {
  password: { type: "text", help: "the password there (an app password, at many providers)" },
  passwordFile: { type: "file", help: 'a file with the password ("-": standard input)' },
} as const;

export const passwordOf = (given: {
  readonly password?: string | undefined;
  readonly passwordFile?: string | undefined;
}): string | undefined => given.password ?? line(given.passwordFile);
