/** The mail that tells people once a day what was kept back from them. */
import type { ReleaseToken } from "../../protocol/return-path/release-address.ts";
import type { Quarantined } from "../store/quarantine.ts";
import type { AccountId, Instant, Store } from "../store/store.ts";
import type { Post } from "./post.ts";

/** Messages that one digest lists. */
const maxListed = 100;
const placeSetting = "quarantine.digest";

export type DigestPorts = {
  readonly store: Pick<Store, "quarantined" | "accounts" | "setting" | "putSetting">;
  readonly post: Post;
  readonly now: () => Instant;
  /** The address at which an answer to a list of these messages is heard. */
  readonly answerTo: (listed: ReleaseToken) => string;
};

/** Tells each owner of what came since the last digest; answers how many were told. `account`: this one alone, of all that it has. */
export async function sendDigests({ store, post, now, answerTo }: DigestPorts, account?: AccountId): Promise<number> {
  const at = now();
  let after = account === undefined ? await lastTold(store) : 0;
  const mine = new Map<AccountId, Quarantined[]>();
  for (;;) {
    const rows = await store.quarantined({ after, ...(account === undefined ? {} : { account }) });
    for (const row of rows) mine.set(row.account, [...(mine.get(row.account) ?? []), row].slice(-maxListed));
    const last = rows.at(-1);
    if (last === undefined) break;
    after = last.id;
  }
  let told = 0;
  for (const [owner, rows] of mine) {
    const to = owner === 0 ? undefined : (await store.accounts({ id: owner }))[0]?.name;
    if (to === undefined) continue;
    const answers = answerTo({ account: owner, first: rows[0]!.id, last: rows.at(-1)!.id });
    const fields = [{ name: "Reply-To", raw: answers }];
    if (await post({ to, subject: subjectOf(rows.length), text: digestText(rows, at), fields })) told++;
  }
  if (account === undefined) await store.putSetting(placeSetting, after);
  return told;
}

async function lastTold(store: Pick<Store, "setting">): Promise<number> {
  const value = await store.setting(placeSetting);
  return typeof value === "number" ? value : 0;
}

const subjectOf = (count: number): string =>
  count === 1 ? "A message was kept back from you" : `${count} messages were kept back from you`;

/** Plain text; what strangers wrote stays on one line of its own. */
function digestText(rows: readonly Quarantined[], at: Instant): string {
  const days = (until: Instant): number => Math.max(0, Math.round((until - at) / 86_400_000));
  const listed = rows.map((row) =>
    [
      `Number ${row.id}, of ${new Date(row.at).toISOString().slice(0, 16).replace("T", " ")} UTC`,
      `  From:     ${line(row.sender || row.envelopeFrom)}`,
      `  Subject:  ${line(row.subject)}`,
      ...row.reasons.map((reason) => `  Because:  ${line(reason)}`),
      `  Kept for ${days(row.expiresAt)} more days`,
    ].join("\n"),
  );
  return [
    "These messages were kept back, because they may be dangerous or unwanted. Nobody else has read them.",
    rows.length === 1
      ? "To get it, answer this mail, from the account that it came to."
      : "To get some of them, answer this mail, from the account that it came to, with their numbers in the first line.",
    "In webmail they are listed under Settings, Junk mail, where you can release or remove them (programs: POST",
    "/api/v1/quarantine/NUMBER/release). Your administrator can release them too (angarium quarantine release NUMBER).",
    "If you do not expect them, you need not do anything: they will be removed.",
    "",
    ...listed.flatMap((one) => [one, ""]),
  ].join("\n");
}

const line = (text: string): string => text.replace(/[\p{Cc}\p{Cf}\u2028\u2029]/gu, "\u00b7").slice(0, 200);
