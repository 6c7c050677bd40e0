/** How an account comes to be without an administrator: the invitation that somebody holds, or signing up. */
const headers = { "content-type": "application/json", "x-requested-with": "angarium" };

export type Joined =
  | { readonly kind: "made"; readonly name: string }
  | { readonly kind: "refused"; readonly faults: readonly string[] }
  | { readonly kind: "away" };

/** Whom an invitation is for; undefined where it is none any more. Rejects where the server does not answer. */
export async function lookAtInvitation(
  token: string,
): Promise<{ readonly name: string; readonly displayName: string } | undefined> {
  const response = await fetch("/auth/invitation", { method: "POST", headers, body: JSON.stringify({ token }) });
  if (response.status === 404) return undefined;
  if (!response.ok) throw new Error(String(response.status));
  return (await response.json()) as { name: string; displayName: string };
}

type Asked = { readonly password: string; readonly displayName: string };

export const acceptInvitation = (token: string, asked: Asked): Promise<Joined> =>
  join("/auth/invitation", { token, ...asked });
export const signUp = (name: string, asked: Asked): Promise<Joined> => join("/auth/sign-up", { name, ...asked });

async function join(path: string, body: object): Promise<Joined> {
  try {
    const response = await fetch(path, { method: "POST", headers, body: JSON.stringify(body) });
    const said = (await response.json()) as { name?: string; detail?: string; errors?: readonly string[] };
    if (response.status === 201) return { kind: "made", name: said.name ?? "" };
    return { kind: "refused", faults: said.errors ?? [said.detail ?? ""] };
  } catch {
    return { kind: "away" };
  }
}
