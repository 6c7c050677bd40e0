/** Mail to the addresses of mailing lists: posts go to the members, the rest is done. */
import { createHash } from "node:crypto";
import { mailboxesOf } from "../../protocol/mime/fields/address.ts";
import { type Header, headerValue, splitHeader } from "../../protocol/mime/header.ts";
import { readReport } from "../../protocol/mime/read-report.ts";
import { subjectText } from "../../protocol/mime/subject.ts";
import { formatMailbox, parseMailbox } from "../../protocol/smtp/address.ts";
import { type Reply, reply } from "../../protocol/smtp/reply.ts";
import type { ListMail } from "../deliver/destinations.ts";
import type { ListOutcome, Lists } from "../deliver/lists.ts";
import { whyNoAnswer } from "../deliver/sieve/may-answer.ts";
import { traced } from "../deliver/traced.ts";
import type { Taken } from "../judge/judge.ts";
import type { Received } from "../receive/received.ts";
import type { DigestPeriod, ListPost, Member, NewListPost } from "../store/lists-store.ts";
import type { JourneyEntry } from "../store/store.ts";
import { isLoop, listCopy } from "./compose.ts";
import { madeHere, makeCopies, told } from "./copies.ts";
import { decidePost } from "./decide.ts";
import { type Digests, makeDigests } from "./digests.ts";
import { makeLetters } from "./letters.ts";
import { type Memberships, makeMemberships } from "./members.ts";
import type { DistributePorts } from "./ports.ts";
import { type List, listAt, partAddress } from "./settings.ts";
import { readListToken } from "./tokens.ts";

export type Distribute = Lists & {
  readonly memberships: Memberships;
  /** Lets a post that waits through, or removes it; the author hears of that where `reason` is given. */
  moderate(list: List, id: number, yes: boolean, by: string, reason?: string): Promise<"done" | "missing">;
} & Digests;

/** A Message-ID is posted once in this time. */
const onceMs = 7 * 24 * 3_600_000;
/** Bounces before a time without any of this length are forgotten. */
const quietMs = 14 * 24 * 3_600_000;
const notValid = reply(550, "5.1.1", "This address of a list is not valid, or not any more");
const noList = reply(550, "5.1.1", "No such list here");

/** Words for the ways to get posts. */
const deliveries: { readonly [word: string]: Member["delivery"] } = Object.assign(Object.create(null), {
  each: "each",
  off: "each",
  daily: "daily",
  digest: "daily",
  weekly: "weekly",
  none: "none",
});

type Author = { readonly address: string; readonly name: string };

export function makeDistribute(ports: DistributePorts): Distribute {
  const { store, mac, now, log } = ports;
  const letters = makeLetters(ports);
  const memberships = makeMemberships(ports, letters);
  const copiesOf = makeCopies(ports);
  const digests = makeDigests(ports, copiesOf);

  const authorOf = (header: Header): Author | undefined => {
    const [first] = mailboxesOf(headerValue(header, "from") ?? "", 1);
    const parsed = first === undefined ? undefined : parseMailbox(`${first.local}@${first.domain}`);
    return parsed === undefined
      ? undefined
      : { address: formatMailbox(parsed).toLowerCase(), name: (first?.name ?? "").slice(0, 200) };
  };

  const nothing = (mail: Received, list: List, what: string): Extract<ListOutcome, { kind: "taken" }> => ({
    kind: "taken",
    copies: [],
    posts: [],
    kept: mail.bytes,
    remember: [],
    journey: [told(mail, "filed", { list: list.address, did: what })],
  });

  // ---------------------------------------------------------------- posts

  /** `bytes` bear our trace fields. */
  const post = async (
    mail: Received,
    bytes: Buffer,
    list: List,
    author: Author,
    findings: Taken["findings"],
    about: Pick<NewListPost, "messageId" | "subject">,
  ): Promise<Extract<ListOutcome, { kind: "taken" }>> => {
    const authorDomain = author.address.slice(author.address.lastIndexOf("@") + 1);
    const ours = (await ports.directory.domain(authorDomain))?.kind === "local";
    const rewrite = !ours && (await ports.isStrict(authorDomain));
    const made = listCopy(bytes, list, rewrite, ports.base);
    const sealed = findings?.seal === undefined ? "" : await ports.seal(made, list.domain, findings.seal);
    const shared = sealed === "" ? made : Buffer.concat([Buffer.from(sealed, "utf8"), made]);
    const members = (await store.listMembers({ list: list.address })).filter(({ paused }) => !paused);
    const wanting = (wish: Member["delivery"]) => members.filter(({ delivery }) => delivery === wish);
    const signers = new Set(ours ? [list.domain, authorDomain] : [list.domain]);
    const copies = await copiesOf(mail, shared, list, wanting("each"), signers);
    const archived: NewListPost = {
      ...about,
      list: list.address,
      state: "archived",
      envelopeFrom: mail.envelopeFrom,
      author: author.address,
      why: "",
      at: mail.at,
    };
    return {
      kind: "taken",
      copies,
      posts: [
        ...(list.settings.archive && !wantsNoArchive(bytes) ? [archived] : []),
        ...digestPeriods.flatMap((state) => (wanting(state).length > 0 ? [{ ...archived, state }] : [])),
      ],
      kept: shared,
      remember:
        about.messageId === "" ? [] : [{ account: 0, key: onceKey(list, about.messageId), until: now() + onceMs }],
      journey: [
        told(mail, "queued", {
          list: list.address,
          copies: copies.length,
          ...(rewrite ? { fromRewritten: true } : {}),
          recipients: copies.flatMap(({ recipients }) => recipients.map(formatMailbox)).slice(0, 20),
        }),
      ],
    };
  };

  const onceKey = (list: List, messageId: string): string =>
    `list ${createHash("sha256").update(`${list.address} ${messageId}`).digest("base64url")}`;

  const takePost = async (mail: Received, header: Header, list: List, verdict: Taken): Promise<ListOutcome> => {
    const author = authorOf(header);
    const member = author === undefined ? undefined : await memberships.memberOf(list, author.address);
    const automatic =
      mail.envelopeFrom === ""
        ? "It is a notice of a program."
        : isAnswer(header)
          ? "It is an automatic answer."
          : undefined;
    const decision = decidePost(
      {
        sizeBytes: mail.bytes.length,
        role: member?.role,
        isLoop: isLoop(header, list),
        automatic,
        looksLikeSpam: verdict.kind !== "accept",
        isForged: verdict.findings?.authentication?.dmarc.result === "fail",
      },
      list.settings,
    );
    const about = {
      messageId: (headerValue(header, "message-id") ?? "").trim().slice(0, 500),
      subject: subjectText(headerValue(header, "subject") ?? ""),
    };
    switch (decision.kind) {
      case "refuse":
        return { kind: "refused", reply: decision.reply };
      case "discard":
        return nothing(mail, list, `not distributed: ${decision.why}`);
      case "hold": {
        const bytes = traced(mail, header, false, verdict);
        const waiting: NewListPost = {
          ...about,
          list: list.address,
          state: "held",
          envelopeFrom: mail.envelopeFrom,
          author: author?.address ?? "",
          why: decision.why,
          at: mail.at,
        };
        return {
          kind: "taken",
          copies: [],
          posts: [waiting],
          kept: bytes,
          remember: [],
          journey: [told(mail, "held", { list: list.address, why: decision.why })],
          afterwards: () => tellModerators(list, waiting, bytes),
        };
      }
      case "post": {
        const known =
          about.messageId === "" ? [] : await store.sieveRemembers(0, [onceKey(list, about.messageId)], now());
        if (known.length > 0) return nothing(mail, list, "not distributed: the list has sent it already");
        return post(mail, traced(mail, header, false, verdict), list, author!, verdict.findings, about);
      }
      default:
        return decision satisfies never;
    }
  };

  const tellModerators = async (list: List, waiting: NewListPost, bytes: Buffer): Promise<void> => {
    const found = await store.listPosts({ list: list.address, state: "held", messageId: waiting.messageId, limit: 1 });
    if (found[0] !== undefined) await letters.held(list, found[0], bytes);
  };

  const moderate: Distribute["moderate"] = async (list, id, yes, by, reason) => {
    const row = (await store.listPosts({ list: list.address, id, state: "held", limit: 1 }))[0];
    if (row === undefined) return "missing";
    const bytes = yes ? await store.content(row.content) : undefined;
    if (yes && bytes === undefined) return "missing";
    // Of two moderators at once, on two nodes even, the first has done it: the other finds nothing.
    const done =
      bytes === undefined ? await store.removeListPost(id) : await letThrough(list, row, Buffer.from(bytes), by);
    if (done === "missing") return "missing";
    if (!yes) await store.note([decided(list, row, "deleted", by)]);
    if (!yes && reason !== undefined && row.author !== "") await letters.rejected(list, row, reason);
    return "done";
  };

  const decided = (list: List, row: ListPost, stage: "released" | "deleted", by: string): JourneyEntry => ({
    at: now(),
    stage,
    trace: `m${row.content}`,
    keys: [row.author, list.address],
    detail: { list: list.address, by },
  });

  /** That it waits no more and its copies are one commit. */
  const letThrough = async (list: List, row: ListPost, bytes: Buffer, by: string): Promise<"done" | "missing"> => {
    const mail: Received = { ...madeHere(ports.ourHost, now(), ports.newId()), envelopeFrom: row.envelopeFrom, bytes };
    const author = { address: row.author, name: "" };
    const outcome = await post(mail, bytes, list, author, undefined, row);
    const journey = [...outcome.journey, decided(list, row, "released", by)];
    return ports.spread({ ...outcome, journey, letThrough: [row.id] });
  };

  // ---------------------------------------------------------------- the other addresses

  /** What came back says of whom by its address, else by what it reports. */
  const takeBounce = async (mail: Received, to: ListMail, list: List): Promise<boolean> => {
    const named = to.token === "" ? undefined : readListToken("bounce", to.token, mac);
    if (to.token !== "" && named === undefined) return false;
    const report = readReport(mail.bytes);
    if (report?.kind !== "delivery") return true;
    for (const one of report.recipients) {
      if (one.action !== "failed" || !one.status.startsWith("5")) continue;
      const id = named ?? (await memberships.memberOf(list, one.recipient.toLowerCase()))?.id;
      if (id !== undefined) await bounced(list, id);
      if (named !== undefined) break;
    }
    return true;
  };

  const bounced = async (list: List, id: number): Promise<void> => {
    const { maxBounces: most } = list.settings;
    const noted = await store.noteListBounce(id, { at: now(), quietMs, most });
    if (noted === undefined) return;
    const { member, pausedNow } = noted;
    log.info({ list: list.address, member: member.address, bounces: member.bounces, paused: pausedNow }, "list bounce");
    if (pausedNow) await letters.paused(list, member);
  };

  const takeCommand = async (mail: Received, header: Header, to: ListMail, list: List): Promise<Reply | string> => {
    const author = authorOf(header);
    // Nothing is believed of a program, and nothing answered (RFC 3834 §2).
    const isProgram = whyNoAnswer(mail.envelopeFrom, header) !== undefined || author === undefined;
    switch (to.part) {
      case "subscribe":
        // "team-subscribe+weekly@": with a digest, or another one.
        if (to.token !== "" && !Object.hasOwn(deliveries, to.token)) return notValid;
        if (!isProgram) await memberships.wantsToJoin(list, author.address, author.name, deliveries[to.token]);
        return "asked to confirm";
      case "unsubscribe": {
        if (to.token === "") {
          if (!isProgram) await memberships.wantsToLeave(list, author.address);
          return "asked to confirm";
        }
        const leaving = await memberships.leaving(to.token);
        if (leaving === undefined || leaving.list.address !== list.address) return notValid;
        await memberships.leave(list, leaving.member.address, "mail");
        return `${leaving.member.address} left`;
      }
      case "confirm": {
        if ((await memberships.requestOf(to.token)) === undefined) return notValid;
        if (isProgram) return "an automatic answer confirms nothing";
        return `confirmed: ${(await memberships.confirm(to.token))?.kind}`;
      }
      case "accept":
      case "reject": {
        const [id, request] = [readListToken("post", to.token, mac), readListToken("request", to.token, mac)];
        if (id === undefined && request === undefined) return notValid;
        if (isProgram) return "an automatic answer decides nothing";
        const yes = to.part === "accept";
        const done =
          id !== undefined
            ? await moderate(list, id, yes, author.address)
            : await memberships.decide(list, request!, yes);
        return done === "done" ? `${to.part}ed` : notValid;
      }
      case "request": {
        if (isProgram) return "an automatic mail";
        const [, word = "help", more = ""] =
          /^\W*(?:re:\s*)?(\w+)(?:\W+(\w+))?/i.exec(subjectText(headerValue(header, "subject") ?? "").toLowerCase()) ??
          [];
        if (word === "subscribe" || word === "join" || word === "digest") {
          const wanted = deliveries[more] ?? (word === "digest" ? "daily" : undefined);
          await memberships.wantsToJoin(list, author.address, author.name, wanted);
        } else if (word === "unsubscribe" || word === "leave") await memberships.wantsToLeave(list, author.address);
        else await letters.help(list, author.address);
        return word;
      }
      default:
        return notValid;
    }
  };

  const take: Lists["take"] = async (mail, header, to, verdict) => {
    const list = await listAt(store, to.list);
    if (list === undefined) return { kind: "refused", reply: noList };
    switch (to.part) {
      case "post":
        return takePost(mail, header, list, verdict);
      case "bounces":
        return (await takeBounce(mail, to, list))
          ? nothing(mail, list, "counted as a bounce")
          : { kind: "refused", reply: notValid };
      case "owner": {
        if (isLoop(header, list) || verdict.kind !== "accept") return nothing(mail, list, "not passed on");
        const owners = await letters.keepers(list, false);
        const recipients = owners.flatMap((address) => {
          const read = parseMailbox(address);
          return read === undefined ? [] : [{ ...read, orcpt: undefined, notify: undefined }];
        });
        const bytes = Buffer.concat([Buffer.from(`X-Loop: ${list.address}\r\n`), mail.bytes]);
        const from = mail.envelopeFrom === "" ? "" : partAddress(list, "bounces");
        const copy: Received = {
          ...mail,
          id: ports.newId(),
          bytes,
          recipients,
          trusted: true,
          account: undefined,
          envelopeFrom: from,
        };
        return { ...nothing(mail, list, "passed on to its owners"), copies: [copy] };
      }
      default: {
        const said = await takeCommand(mail, header, to, list);
        return typeof said === "string" ? nothing(mail, list, said) : { kind: "refused", reply: said };
      }
    }
  };

  return {
    memberships,
    moderate,
    ...digests,
    take,
    async noticed(mail, to) {
      const list = to.part === "bounces" ? await listAt(store, to.list) : undefined;
      if (list !== undefined) await takeBounce(mail, to, list);
    },
    async undelivered(copy) {
      const found = parseMailbox(copy.envelopeFrom);
      const token = found?.local.split("+")[1] ?? "";
      const id = readListToken("bounce", token, mac);
      const list = id === undefined ? undefined : (await store.listMembers({ id }))[0]?.list;
      const known = list === undefined ? undefined : await listAt(store, list);
      if (known !== undefined && id !== undefined) await bounced(known, id);
    },
  };
}

const digestPeriods = ["daily", "weekly"] as const satisfies readonly DigestPeriod[];

/** What authors write who do not want to stand in archives. */
const wantsNoArchive = (bytes: Buffer): boolean =>
  /^\s*yes\b/i.test(headerValue(splitHeader(bytes, 0, bytes.length), "x-no-archive") ?? "");

/** RFC 3834 §5: what answers by itself. Mail that programs write on their own (auto-generated) may be posted. */
function isAnswer(header: Header): boolean {
  const automatic = headerValue(header, "auto-submitted") ?? "";
  return (
    /^\s*auto-(?:replied|notified)/i.test(automatic) ||
    headerValue(header, "x-autoreply") !== undefined ||
    /^\s*auto_reply/i.test(headerValue(header, "precedence") ?? "") ||
    /^\s*multipart\/report\b/i.test(headerValue(header, "content-type") ?? "")
  );
}
