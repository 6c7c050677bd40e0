/**
 * Name and password for servers without sessions by cookie (`/auth/login` is ours alone): they go with every request as
 * Basic (RFC 7617). They are in the memory of the page and nowhere else: what browsers keep of a tab (sessionStorage)
 * is written to the disk in clear, and it would be the password itself there. The price: loading the page again asks again.
 */
let basic: string | undefined;

/** The value of the Authorization field; undefined where the cookie of our own server is what signs in. */
export const authorization = (): string | undefined => basic;

/** RFC 7617 §2.1: in UTF-8. `username` has no colon. */
export function hold(username: string, password: string): void {
  const bytes = new TextEncoder().encode(`${username}:${password}`);
  basic = `Basic ${btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(""))}`;
}

export function forget(): void {
  basic = undefined;
}

/** What every request of the page says of itself. */
export const ownFields = (): { readonly [name: string]: string } => ({
  "x-requested-with": "angarium",
  ...(basic === undefined ? {} : { authorization: basic }),
});

/** With "omit" the browser neither adds what it knows nor asks for a password in a window of its own. */
export const credentialsMode = (): RequestCredentials => (basic === undefined ? "same-origin" : "omit");
