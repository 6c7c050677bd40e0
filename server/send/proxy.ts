/** Where a proxy is, and who we are there: "socks5://user:password@proxy.example:1080", by TLS "socks5s://…" and "https://…". The password is shown to nobody. Pure. */
import { isIP } from "node:net";

export type EgressProxy = {
  readonly kind: "socks5" | "http" | "haproxy";
  /** The way to the proxy is TLS; its certificate must be good for `host`. */
  readonly tls: boolean;
  readonly host: string;
  readonly port: number;
  readonly login: { readonly user: string; readonly password: string } | undefined;
};

const form =
  /^(socks5s?|haproxy|https?):\/\/(?:([^:@/\s]+):([^@/\s]+)@)?(?:\[([0-9a-f:.]+)\]|([a-z0-9.-]+)):(\d{1,5})$/i;
/** RFC 1929 §2: each is one byte long. */
const maxLoginBytes = 255;

/** User and password percent-encoded; a "haproxy" knows no login. */
export function parseProxy(text: string): EgressProxy | undefined {
  const [, scheme = "", user, password, address, name, digits] = form.exec(text) ?? [];
  const asked = scheme.toLowerCase();
  const tls = asked === "socks5s" || asked === "https";
  const kind = tls ? asked.slice(0, -1) : asked;
  const port = Number(digits);
  const host = address ?? name ?? "";
  if (kind !== "socks5" && kind !== "http" && kind !== "haproxy") return undefined;
  if (port < 1 || port > 65_535 || (address !== undefined && isIP(address) !== 6)) return undefined;
  if (user === undefined || password === undefined) return { kind, tls, host, port, login: undefined };
  if (kind === "haproxy") return undefined;
  try {
    const login = { user: decodeURIComponent(user), password: decodeURIComponent(password) };
    const fits = Object.values(login).every((one) => one !== "" && Buffer.byteLength(one) <= maxLoginBytes);
    // RFC 7617 §2: a user's name ends at the first colon.
    return fits && !login.user.includes(":") ? { kind, tls, host, port, login } : undefined;
  } catch {
    return undefined;
  }
}

const hidden = ":***@";

/** As it is shown. */
export const withoutPassword = (text: string): string => text.replace(/(:\/\/[^:@/\s]+):[^@/\s]+@/g, `$1${hidden}`);

/** What was shown, sent back: the password stays what it was. */
export const withPassword = (text: string, known: string): string =>
  text.includes(hidden) && text === withoutPassword(known) ? known : text;
