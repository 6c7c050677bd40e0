/** Passkeys (WebAuthn) as the server asks for them: JSON on both sides. */

type RequestJson = {
  readonly challenge: string;
  readonly rpId?: string;
  readonly timeout?: number;
  readonly userVerification?: UserVerificationRequirement;
  readonly allowCredentials?: readonly {
    readonly id: string;
    readonly type: "public-key";
    readonly transports?: readonly string[];
  }[];
};

const bytes = (text: string): Uint8Array<ArrayBuffer> =>
  Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (char) => char.charCodeAt(0));
const base64url = (buffer: ArrayBuffer): string =>
  btoa(String.fromCharCode(...new Uint8Array(buffer)))
    .replace(/\+/g, "-")
    .replace(/\//g, "_")
    .replace(/=+$/, "");

export const passkeysWork = (): boolean => "PublicKeyCredential" in globalThis && isSecureContext;

/** Asks the browser for a passkey; undefined where the person changed their mind. */
export async function usePasskey(options: RequestJson): Promise<unknown> {
  const credential = (await navigator.credentials
    .get({
      publicKey: {
        ...options,
        challenge: bytes(options.challenge),
        allowCredentials: (options.allowCredentials ?? []).map((one) => ({
          type: one.type,
          id: bytes(one.id),
          transports: (one.transports ?? []) as AuthenticatorTransport[],
        })),
      },
    })
    .catch(() => null)) as PublicKeyCredential | null;
  if (credential === null) return undefined;
  const response = credential.response as AuthenticatorAssertionResponse;
  return {
    id: credential.id,
    rawId: base64url(credential.rawId),
    type: credential.type,
    clientExtensionResults: credential.getClientExtensionResults(),
    authenticatorAttachment: credential.authenticatorAttachment ?? undefined,
    response: {
      clientDataJSON: base64url(response.clientDataJSON),
      authenticatorData: base64url(response.authenticatorData),
      signature: base64url(response.signature),
      ...(response.userHandle === null ? {} : { userHandle: base64url(response.userHandle) }),
    },
  };
}
