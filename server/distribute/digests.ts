/** Sends posts together to those who want them so. */
import { formatMailbox } from "../../protocol/smtp/address.ts";
import type { Received } from "../receive/received.ts";
import { type DigestPeriod, maxHeldPosts } from "../store/lists-store.ts";
import { type CopiesOf, madeHere, told } from "./copies.ts";
import { composeDigest, type DigestPost, fitting, isDue, maxDigestBytes } from "./digest.ts";
import type { DistributePorts } from "./ports.ts";
import { type List, listAt } from "./settings.ts";

export type Digests = {
  /** Sends what waits of one kind to those who want it so, now; answers how many posts that were. */
  sendDigest(list: List, period: DigestPeriod): Promise<number>;
  /** Sends all digests whose time has come. */
  sendDue(): Promise<void>;
};

export function makeDigests(ports: DistributePorts, copiesOf: CopiesOf): Digests {
  const { store, now, log } = ports;

  const sendDigest: Digests["sendDigest"] = async (list, period) => {
    const members = (await store.listMembers({ list: list.address })).filter(
      ({ delivery, paused }) => delivery === period && !paused,
    );
    let sent = 0;
    for (;;) {
      const waiting = (await store.listPosts({ list: list.address, state: period, limit: maxHeldPosts })).toReversed();
      const rows = waiting.slice(0, fitting(waiting.map(({ sizeBytes }) => sizeBytes)));
      if (rows.length === 0) return sent;
      // Nobody wants them any more.
      if (members.length === 0) {
        for (const { id } of rows) await store.removeListPost(id);
        continue;
      }
      const posts: DigestPost[] = [];
      for (const { content, author, subject, sizeBytes } of rows) {
        const bytes = sizeBytes > maxDigestBytes ? undefined : await store.content(content);
        posts.push({ author, subject, sizeBytes, bytes: bytes && Buffer.from(bytes) });
      }
      const id = ports.newId();
      const at = now();
      const messageId = `digest-${id}@${ports.ourHost}`;
      const boundary = ports.secret();
      const shared = composeDigest(list, posts, { at, messageId, boundary, base: ports.base });
      const mail: Received = { ...madeHere(ports.ourHost, at, id), envelopeFrom: "", bytes: shared };
      const copies = await copiesOf(mail, shared, list, members, new Set([list.domain]));
      const recipients = copies.flatMap((copy) => copy.recipients.map(formatMailbox)).slice(0, 20);
      const journey = [
        told(mail, "queued", {
          list: list.address,
          digest: period,
          posts: rows.length,
          copies: copies.length,
          recipients,
        }),
      ];
      // With their going the posts wait no more: one commit, and what another node has sent already is not sent again.
      const letThrough = rows.map((row) => row.id);
      const done = await ports.spread({ copies, posts: [], kept: shared, remember: [], journey, letThrough });
      if (done === "missing") return sent;
      sent += rows.length;
    }
  };

  const sendDue = async (): Promise<void> => {
    for (const { list: address, period, since } of await store.listDigests()) {
      if (!isDue(period, since, now())) continue;
      const list = await listAt(store, address);
      if (list === undefined) continue;
      try {
        const posts = await sendDigest(list, period);
        log.info({ list: address, period, posts }, "digest of a list");
      } catch (error) {
        log.error({ list: address, period, error }, "a digest was not sent; it is tried again");
      }
    }
  };

  return { sendDigest, sendDue };
}
