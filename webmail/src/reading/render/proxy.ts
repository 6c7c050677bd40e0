/** The proxy that fetches pictures for the reader, where the server has one: a capability of our own, absent elsewhere. */
import { urn } from "../../jmap/types.ts";
import { session } from "../../state/session.svelte.ts";
import type { PictureProxy } from "./remote.ts";

function template(name: "url" | "markUrl"): string | undefined {
  const { state } = session;
  const url = state.kind === "in" ? state.client.session.capabilities[urn.imageProxy]?.[name] : undefined;
  return typeof url === "string" ? url : undefined;
}

/** Undefined where remote pictures cannot be shown without telling their server who reads. */
export function remoteProxy(): PictureProxy | undefined {
  const url = template("url");
  return url === undefined ? undefined : (picture) => url.replace("{url}", encodeURIComponent(picture));
}

/** Where the verified mark of a domain (BIMI) is. */
export const markAddress = (domain: string): string | undefined =>
  template("markUrl")?.replace("{domain}", encodeURIComponent(domain));
