/** Sieve scripts as JMAP shows and keeps them: RFC 9661. */
import { type JsonObject, type SetError, setError } from "../../protocol/jmap/types.ts";
import { defaultSieveBounds } from "../../protocol/sieve/bounds.ts";
import { capabilities } from "../../protocol/sieve/capabilities.ts";
import { mistakeText } from "../../protocol/sieve/mistake.ts";
import { compileScript } from "../../protocol/sieve/sieve.ts";
import { maxScriptBytes, maxScriptNameBytes, maxScripts, type SieveScript } from "../store/sieve-store.ts";
import { readBlob, scriptBlobId } from "./blobs.ts";
import { type Call, createdId } from "./call.ts";

export const scriptProperties: readonly string[] = ["id", "name", "isActive", "blobId"];
export const scriptId = (id: number): string => `S${id}`;
export const scriptNumber = (id: string): number | undefined =>
  /^S[1-9]\d{0,14}$/.test(id) ? Number(id.slice(1)) : undefined;

export const showScript = (script: SieveScript): JsonObject => ({
  id: scriptId(script.id),
  name: script.name,
  isActive: script.active,
  blobId: scriptBlobId(script),
});

export const sieveCapability: JsonObject = {
  maxSizeScriptName: maxScriptNameBytes,
  maxSizeScript: maxScriptBytes,
  maxNumberScripts: maxScripts,
  maxNumberRedirects: defaultSieveBounds.redirects,
  sieveExtensions: capabilities,
  notificationMethods: ["mailto"],
  externalLists: null,
};

/** The text behind a blob id, checked; or the refusal. */
export async function readScript(
  blobId: unknown,
  call: Call,
  account: number,
): Promise<{ readonly content: string } | SetError> {
  const id = typeof blobId === "string" ? createdId(call, blobId) : undefined;
  const blob = id === undefined ? undefined : await readBlob(call.ports, account, id);
  // RFC 8621 §4.6, which RFC 9661 §2.2.1 points to.
  if (blob === undefined)
    return setError("blobNotFound", "blobId: there is no such blob.", {
      notFound: typeof blobId === "string" ? [blobId] : [],
    });
  if (blob.bytes.length > maxScriptBytes) return setError("tooLarge", `A script has at most ${maxScriptBytes} bytes.`);
  let content: string;
  try {
    content = new TextDecoder("utf-8", { fatal: true }).decode(blob.bytes);
  } catch {
    return setError("invalidSieve", "The script is not UTF-8.");
  }
  const { scripts } = await call.ports.store.sieveScripts(account);
  const compiled = compileScript(content, (location, name) =>
    location === "personal" ? scripts.find((script) => script.name === name)?.content : undefined,
  );
  if (compiled.kind === "mistakes") return setError("invalidSieve", compiled.mistakes.map(mistakeText).join("\n"));
  return { content };
}
