/** An OpenID Connect issuer (oidc-provider) that believes everybody who they say they are. */
import { once } from "node:events";
import type { Server } from "node:http";
import { freePort } from "./beside.ts";

/** `key`: a private key of RS256, with which it signs. Its client is angarium, with "secret of ours". */
export async function startIssuer(
  redirectUri: string,
  key: object,
): Promise<{ readonly issuer: string; readonly issuing: Server }> {
  const port = await freePort("127.0.0.1");
  const issuer = `http://127.0.0.1:${port}`;
  // No types come with it.
  const { Provider } = (await import("oidc-provider" as string)) as {
    Provider: new (issuer: string, configuration: object) => { listen(port: number, host: string): Server };
  };
  const provider = new Provider(issuer, {
    clients: [{ client_id: "angarium", client_secret: "secret of ours", redirect_uris: [redirectUri] }],
    jwks: { keys: [{ ...key, kid: "k1", use: "sig", alg: "RS256" }] },
    cookies: { keys: ["for tests"] },
    claims: { openid: ["sub"], email: ["email", "email_verified"], profile: ["name"] },
    findAccount: (_: unknown, id: string) => ({
      accountId: id,
      claims: async () => ({
        sub: id,
        email: id.replace("unverified-", ""),
        email_verified: !id.startsWith("unverified-"),
        name: "Somebody Else",
      }),
    }),
  });
  const issuing = provider.listen(port, "127.0.0.1");
  await once(issuing, "listening");
  return { issuer, issuing };
}
