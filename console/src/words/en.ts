/** Every word of the console. */
export const en = {
  "signIn.title": "Sign in to the console",
  "signIn.name": "Your address",
  "signIn.password": "Password",
  "signIn.enter": "Sign in",
  "signIn.show": "Show the password",
  "signIn.wrong": "The address or the password is wrong.",
  "signIn.away": "The server does not answer. Try again in a moment.",
  "signIn.needsTls": "Passwords are only taken over an encrypted connection: open this page with https.",
  "signIn.incomplete": "Write your address and your password.",
  "signIn.code": "Code of your authenticator app",
  "signIn.codeHint": "Or one of your recovery codes.",
  "signIn.codeWrong": "The code or the passkey is wrong. Try a new one.",
  "signIn.passkey": "Use a passkey",
  "signIn.with": "Sign in with {name}",
  "signIn.make": "Make an account",
} as const;
