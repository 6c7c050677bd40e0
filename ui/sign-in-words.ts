/** What the form of signing in says, from the catalogue of the page that shows it. */

const keys = [
  "title",
  "name",
  "password",
  "enter",
  "show",
  "wrong",
  "away",
  "needsTls",
  "incomplete",
  "code",
  "codeHint",
  "codeWrong",
  "passkey",
  "make",
] as const;

export type SignInWords = { readonly [key in (typeof keys)[number]]: string } & {
  /** "Sign in with Example". */
  readonly with: (name: string) => string;
};
type Key = `signIn.${(typeof keys)[number] | "with"}`;

export function signInWords(
  t: (key: Key, values?: { readonly [name: string]: string | number }) => string,
): SignInWords {
  const words = Object.fromEntries(keys.map((key) => [key, t(`signIn.${key}`)])) as Omit<SignInWords, "with">;
  return { ...words, with: (name) => t("signIn.with", { name }) };
}
