/** Every word of the webmail. */
export const en = {
  "signIn.title": "Sign in to the webmail",
  "signIn.name": "Email address",
  "signIn.password": "Password",
  "signIn.enter": "Sign in",
  "signIn.show": "Show the password",
  "signIn.wrong": "The name or the password is wrong.",
  "signIn.away": "The server does not answer. Try again in a moment.",
  "signIn.needsTls": "Passwords are only taken over an encrypted connection: open this page with https.",
  "signIn.incomplete": "Write your address and your password.",
  "home.hello": "Signed in as {name}.",
  "home.signOut": "Sign out",
} as const;
