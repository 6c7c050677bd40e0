/** The proxy that fetches pictures for the reader, where the server has one: a capability of our own, absent elsewhere. */
import { session } from "../../state/session.svelte.ts";
import type { PictureProxy } from "./remote.ts";

export const imageProxyCapability = "urn:angarium:params:jmap:image-proxy";

/** Undefined where remote pictures cannot be shown without telling their server who reads. */
export function remoteProxy(): PictureProxy | undefined {
  const { state } = session;
  if (state.kind !== "in") return undefined;
  const url = state.client.session.capabilities[imageProxyCapability]?.["url"];
  if (typeof url !== "string") return undefined;
  return (picture) => url.replace("{url}", encodeURIComponent(picture));
}
