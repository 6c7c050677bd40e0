/** What all mail has in common that the server itself makes: notices, reports, posts of lists, what scripts send. */
import type { Received } from "../receive/received.ts";

export type MadeHereFacts = Pick<Received, "at" | "id" | "ourHost">;

/** As it would have come in, taken without a judgement; who it is from and for, and its bytes, are the maker's. */
export const cameFromHere = ({
  at,
  id,
  ourHost,
}: MadeHereFacts): Omit<Received, "envelopeFrom" | "recipients" | "body" | "smtputf8" | "bytes"> => ({
  at,
  id,
  remote: { address: "127.0.0.1", port: 0 },
  remoteName: undefined,
  ourHost,
  helo: ourHost,
  via: "local",
  tls: undefined,
  account: undefined,
  trusted: true,
  requireTls: false,
  ret: undefined,
  envid: undefined,
  notBefore: undefined,
});
