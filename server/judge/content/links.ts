/** Addresses on the web as mail uses them: taken apart by hand, because what browsers follow is more than what is valid. */
import { getDomain, getPublicSuffix } from "tldts";

export type Link = {
  /** Lower case; "http" where the text has none ("www.example.com"). */
  readonly scheme: string;
  /** Lower case, without port; "" where there is none. */
  readonly host: string;
  /** The registrable domain, or the host where there is none (an IP address, a single label). */
  readonly domain: string;
  /** "com", "co.uk". */
  readonly suffix: string;
  readonly port: string;
  readonly path: string;
  readonly query: string;
  readonly isIp: boolean;
  /** "http://bank.example@evil.example/": a name that is none. */
  readonly hasUser: boolean;
  /** What a person reads where the link stands: blanks made one; the address itself in plain text. */
  readonly text: string;
  readonly use: "a" | "form" | "image" | "area" | "frame" | "plain";
};

const pattern = /^([a-z][a-z0-9+.-]{0,20}):(?:[/\\]{0,6}([^/?#\\]*))?([^?#]*)(\?[^#]*)?/i;

/** Takes a web or mail address apart; undefined for what leads nowhere ("#top", a relative address). */
export function parseLink(href: string, text: string, use: Link["use"]): Link | undefined {
  const found = pattern.exec(href);
  if (found === null) {
    if (/^(?:\/\/|www\.)/i.test(href)) return parseLink(`http:${href.startsWith("//") ? "" : "//"}${href}`, text, use);
    // Some leave the scheme out of a link; programs complete it.
    if (/^[a-z0-9-]+(?:\.[a-z0-9-]+)*\.[a-z]{2,12}(?:\/|$)/i.test(href)) return parseLink(`http://${href}`, text, use);
    return undefined;
  }
  const scheme = found[1]!.toLowerCase();
  if (scheme === "mailto") {
    const address = `${found[2] ?? ""}${found[3] ?? ""}`;
    const host = address.slice(address.lastIndexOf("@") + 1).toLowerCase();
    return { ...parts(host), scheme, path: "", query: found[4] ?? "", port: "", hasUser: false, text, use };
  }
  if (scheme === "cid" || scheme === "data" || scheme === "javascript" || scheme === "tel" || scheme === "file")
    return {
      scheme,
      host: "",
      domain: "",
      suffix: "",
      port: "",
      path: "",
      query: "",
      isIp: false,
      hasUser: false,
      text,
      use,
    };
  if (!/^(?:https?|ftp)$/.test(scheme)) {
    // "example.com:8080/x"
    if (scheme.includes(".")) return parseLink(`http://${href}`, text, use);
    return undefined;
  }
  let authority = found[2] ?? "";
  const at = authority.lastIndexOf("@");
  if (at >= 0) authority = authority.slice(at + 1);
  const colon = authority.lastIndexOf(":");
  const port = colon > 0 && /^\d*$/.test(authority.slice(colon + 1)) ? authority.slice(colon + 1) : "";
  const host = (colon > 0 && !authority.endsWith("]") ? authority.slice(0, colon) : authority).toLowerCase();
  return {
    ...parts(decodeHost(host)),
    scheme,
    port,
    path: found[3] ?? "",
    query: found[4] ?? "",
    hasUser: at >= 0,
    text,
    use,
  };
}

function decodeHost(host: string): string {
  if (!host.includes("%")) return host;
  try {
    return decodeURIComponent(host).toLowerCase();
  } catch {
    return host;
  }
}

function parts(host: string): { host: string; domain: string; suffix: string; isIp: boolean } {
  const clean = host.slice(0, 255).replace(/\.+$/, "");
  const isIp = /^(?:\d{1,3}(?:\.\d{1,3}){3}|\d{8,10}|0x[0-9a-f]{6,8}|\[[0-9a-f:.]+\])$/.test(clean);
  if (isIp) return { host: clean, domain: clean, suffix: "", isIp };
  return { host: clean, domain: domainOf(clean), suffix: suffixOf(clean), isIp };
}

/** Private registries below ".com" and ".net" that sell names to anybody as top-level domains do. */
const soldBelow = /(?:^|\.)([a-z0-9_-]+\.((?:ru|za|sa|us|uk|eu|de|br|cn|jpn|mex)\.com|(?:in|uk|se)\.net))$/;

/** The registrable domain of a host: "example.co.uk" of "a.b.example.co.uk"; the host itself where there is none. */
export function domainOf(host: string): string {
  return host === "" ? "" : (soldBelow.exec(host)?.[1] ?? getDomain(host) ?? host);
}

export function suffixOf(host: string): string {
  return host === "" ? "" : (soldBelow.exec(host)?.[2] ?? getPublicSuffix(host) ?? "");
}

const inText = /(?:\bhttps?:\/\/|\bwww\.)[^\s<>"'()[\]{}|\\^`]{3,800}/gi;

/** The addresses in plain text, at most `max`. */
export function linksInText(text: string, max: number): Link[] {
  const links: Link[] = [];
  if (!text.includes("://") && !/www\./i.test(text)) return links;
  for (const match of text.matchAll(inText)) {
    if (links.length >= max) break;
    const href = match[0].replace(/[.,;:!?*_]+$/, "");
    const link = parseLink(href, href, "plain");
    if (link?.host.includes(".") === true) links.push(link);
  }
  return links;
}

const hostInText = /^(?:https?:\/\/)?(?:[^\s/@]*@)?((?:[a-z0-9-]+\.)+[a-z]{2,18})(?::\d+)?(?:[/?#]\S*)?$/i;

/** The host a link pretends to lead to, where its text is an address. */
export function shownHost(text: string): string | undefined {
  if (text.length > 200 || text.includes("@")) return undefined;
  return hostInText.exec(text.trim())?.[1]?.toLowerCase();
}
