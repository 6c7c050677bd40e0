/**
 * Content to features: 32-bit hashes in groups. Each group says one kind of thing about a message (its words, its header, the way
 * it came, its shape, its links), and the model gives each group its own share, so that long texts do not drown short headers.
 */
import type { Content, Person } from "./content.ts";
import { hashPair, hashText } from "./hash.ts";
import { hasDigits, patternOf } from "./shape.ts";

/** Changes whenever the same message may give other features: what was learned before then means nothing. */
export const featureVersion = 3;

export const groups = ["words", "pairs", "subject", "header", "route", "shape", "links"] as const;
export type Group = (typeof groups)[number];

/** Features of one message in all groups together; a longer message keeps those of its beginning. */
export const maxFeatures = 12_000;

/** For each group the hashes, each once. */
export type Features = { readonly [group in Group]: Uint32Array };

const none = new Uint32Array(0);
export const noFeatures: Features = {
  words: none,
  pairs: none,
  subject: none,
  header: none,
  route: none,
  shape: none,
  links: none,
};

/** How far apart the words of a pair may stand (orthogonal sparse bigrams). */
const pairWindow = 4;

/**
 * The hashes of the message that is read, in a table of which at most half is used; a place counts where it bears the number of this
 * message. It is made once: a set for each message would cost more than all else here.
 */
const seenBits = 15;
const seenMask = (1 << seenBits) - 1;
const seen = new Uint32Array(1 << seenBits);
const seenBy = new Uint32Array(1 << seenBits);
let message = 0;

class Collector {
  readonly #lists: { readonly [group in Group]: number[] } = {
    words: [],
    pairs: [],
    subject: [],
    header: [],
    route: [],
    shape: [],
    links: [],
  };
  #count = 0;

  constructor() {
    message = (message + 1) >>> 0;
    if (message === 0) {
      seenBy.fill(0);
      message = 1;
    }
  }

  hash(group: Group, hash: number): void {
    if (this.#count >= maxFeatures) return;
    let place = hash & seenMask;
    while (seenBy[place] === message) {
      if (seen[place] === hash) return;
      place = (place + 1) & seenMask;
    }
    seenBy[place] = message;
    seen[place] = hash;
    this.#lists[group].push(hash);
    this.#count++;
  }

  text(group: Group, text: string): void {
    this.hash(group, hashText(text));
  }

  take(): Features {
    const lists = this.#lists;
    return {
      words: Uint32Array.from(lists.words),
      pairs: Uint32Array.from(lists.pairs),
      subject: Uint32Array.from(lists.subject),
      header: Uint32Array.from(lists.header),
      route: Uint32Array.from(lists.route),
      shape: Uint32Array.from(lists.shape),
      links: Uint32Array.from(lists.links),
    };
  }
}

/**
 * Which rules hold is no feature: their weights say what holds everywhere, and a model that learns them anew for one server (whose good
 * mail comes from lists, say) is wrong about the next.
 */
export function featuresOf(content: Content): Features {
  const out = new Collector();
  header(content, out);
  route(content, out);
  shape(content, out);
  links(content, out);
  subject(content, out);
  body(content.plainWriting.words, out);
  body(content.htmlWriting.words, out);
  for (const word of content.hiddenWriting.words) out.hash("words", hashPair(word, hidden, 0));
  return out.take();
}

const hidden = hashText("hidden");
const inSubject = hashText("subject");
const inName = hashText("name");

function body(words: Uint32Array, out: Collector): void {
  const count = words.length;
  for (let i = 0; i < count; i++) out.hash("words", words[i]!);
  for (let i = 0; i < count; i++) {
    const word = words[i]!;
    const end = Math.min(count, i + 1 + pairWindow);
    for (let j = i + 1; j < end; j++) out.hash("pairs", hashPair(word, words[j]!, j - i));
  }
}

function subject(content: Content, out: Collector): void {
  const { words } = content.subjectWriting;
  for (let i = 0; i < words.length; i++) {
    out.hash("subject", hashPair(words[i]!, inSubject, 0));
    // What a subject says is said in the text as well: what is learned there counts here.
    out.hash("words", words[i]!);
    for (let j = i + 1; j < Math.min(words.length, i + 3); j++) {
      out.hash("subject", hashPair(words[i]!, hashPair(words[j]!, inSubject, j - i), 0));
      out.hash("pairs", hashPair(words[i]!, words[j]!, j - i));
    }
  }
  const { subject } = content;
  const lead = /^\s*(re|fwd?|aw|wg|sv|tr|rv|enc)\s*:/i.exec(subject)?.[1];
  if (lead !== undefined) out.text("subject", `lead:${lead}`);
  if (/^\s*\[/.test(subject)) out.text("subject", "bracket");
  if (/[!?]{2,}/.test(subject)) out.text("subject", "marks");
  if (subject.endsWith("!")) out.text("subject", "ends!");
  if (subject.endsWith("?")) out.text("subject", "ends?");
  if (hasDigits(subject)) out.text("subject", "digits");
  if (subject === subject.toUpperCase() && subject.length > 5 && /[A-Z]{3}/.test(subject))
    out.text("subject", "capitals");
  out.text("subject", `length:${bucket(subject.length)}`);
  if (content.subjectWriting.emoji > 0) out.text("subject", "emoji");
  if (/\s{4,}\S+\s*$/.test(subject)) out.text("subject", "tail");
}

/** Logarithmic: 0, 1, 2, 4, 8, … */
export function bucket(value: number): number {
  return value <= 0 ? 0 : 1 + Math.floor(Math.log2(value));
}

function header(content: Content, out: Collector): void {
  let last = "";
  for (const { name, rawName } of content.fields) {
    const key = name.startsWith("x-") && hasDigits(name) ? name.replace(/\d+/g, "#") : name;
    out.text("header", `has:${key}`);
    if (rawName !== canonical(name)) out.text("header", `case:${rawName}`);
    if (last !== "") out.text("header", `order:${last}>${key}`);
    last = key;
  }
  const value = (name: string): string | undefined => content.fields.find((field) => field.name === name)?.value;
  for (const name of [
    "x-mailer",
    "user-agent",
    "x-mimeole",
    "organization",
    "precedence",
    "auto-submitted",
    "x-priority",
    "importance",
    "x-msmail-priority",
    "content-language",
    "list-id",
    "feedback-id",
    "mime-version",
    "content-class",
    "x-php-originating-script",
    "x-php-script",
  ]) {
    const text = value(name);
    if (text === undefined) continue;
    out.text("header", `${name}=${text.slice(0, 60).replace(/\d+/g, "#").toLowerCase()}`);
    const product = /^[^\d/([]{2,30}/.exec(text)?.[0];
    if (product !== undefined) out.text("header", `${name}~${product.trim().toLowerCase()}`);
  }
  const { messageId, from } = content;
  if (messageId === undefined) out.text("header", "id:none");
  else {
    const at = messageId.lastIndexOf("@");
    const left = at < 0 ? messageId : messageId.slice(0, at);
    const right = at < 0 ? "" : messageId.slice(at + 1).toLowerCase();
    out.text("header", `id:${patternOf(left, 24)}`);
    out.text("header", `id-length:${bucket(left.length)}`);
    out.text("header", `id-host:${right.slice(0, 60)}`);
    out.text("header", right === "" ? "id-right:none" : right.includes(".") ? "id-right:dotted" : "id-right:single");
    if (from !== undefined) out.text("header", `id-from:${related(right, from.domain)}`);
  }
  person("from", from, out);
  for (const word of content.nameWriting.words) out.hash("header", hashPair(word, inName, 0));
  if (content.replyTo !== undefined && from !== undefined) {
    const { replyTo } = content;
    out.text(
      "header",
      `reply:${replyTo.domain === from.domain ? (replyTo.local === from.local ? "same" : "domain") : related(replyTo.domain, from.domain)}`,
    );
    out.text("header", `reply-domain:${replyTo.domain}`);
  }
  const { mailFrom } = content.envelope;
  if (from !== undefined && mailFrom !== "")
    out.text("header", `path:${related(mailFrom.slice(mailFrom.lastIndexOf("@") + 1).toLowerCase(), from.domain)}`);
  if (content.toText === "") out.text("header", "to:none");
  else if (/undisclosed/i.test(content.toText)) out.text("header", "to:undisclosed");
  else out.text("header", `to:${bucket(content.to.length)}${content.to[0]?.name === "" ? "" : "n"}`);
  out.text("header", `date:${patternOf(content.dateText.replace(/[A-Z][a-z]{2}/g, "X"), 40)}`);
  const zone = /[+-]\d{4}|\b[A-Z]{2,4}\)?$/.exec(content.dateText)?.[0];
  out.text("header", `zone:${zone ?? "none"}`);
  for (const signer of content.signers)
    out.text("header", `signer:${from === undefined ? "?" : related(signer, from.domain)}`);
  const auth = content.envelope.auth;
  if (auth !== undefined) {
    for (const [method, result] of [
      ["spf", auth.spf],
      ["dkim", auth.dkim],
      ["dmarc", auth.dmarc],
    ] as const)
      if (result !== undefined) out.text("header", `auth:${method}=${result}`);
    if (from !== undefined && (auth.dmarc === "pass" || auth.aligned !== undefined))
      out.text("header", `proved:${from.domain}`);
  }
}

function person(kind: string, someone: Person | undefined, out: Collector): void {
  if (someone === undefined) {
    out.text("header", `${kind}:none`);
    return;
  }
  const { name, local, domain } = someone;
  out.text("header", `${kind}-domain:${domain}`);
  const labels = domain.split(".");
  out.text("header", `${kind}-tld:${labels.at(-1)}`);
  out.text("header", `${kind}-labels:${Math.min(5, labels.length)}`);
  if (hasDigits(domain)) out.text("header", `${kind}-domain-digits`);
  out.text("header", `${kind}-address:${local.toLowerCase()}@${domain}`);
  out.text("header", `${kind}-local:${patternOf(local, 16)}`);
  out.text("header", `${kind}-user:${local.toLowerCase()}`);
  out.text("header", name === "" ? `${kind}-name:none` : `${kind}-name:${patternOf(name, 24)}`);
}

/** How two domains are related: "same", "under" (one below the other), "other". */
export function related(a: string, b: string): "same" | "under" | "other" {
  if (a === b) return "same";
  return a.endsWith(`.${b}`) || b.endsWith(`.${a}`) ? "under" : "other";
}

/** How a field name is usually written: "Message-Id" of "message-id" ("MIME-Version" and "Message-ID" are variants to be learned). */
function canonical(name: string): string {
  return name.replace(/(?:^|-)[a-z]/g, (letter) => letter.toUpperCase());
}

function route(content: Content, out: Collector): void {
  const { ip, helo, rdns, mailFrom } = content.envelope;
  out.text("route", `hops:${Math.min(8, content.hops.length)}`);
  const host = helo.toLowerCase();
  if (host !== "") {
    if (/^\[?[\d.]+\]?$/.test(host)) out.text("route", "helo:ip");
    else {
      const labels = host.split(".");
      out.text("route", `helo-labels:${Math.min(5, labels.length)}`);
      out.text("route", `helo:${labels.slice(-2).join(".")}`);
      out.text("route", `helo:${labels.slice(-3).join(".")}`);
      if (hasDigits(labels[0]!)) out.text("route", `helo-first:${patternOf(labels[0]!, 16)}`);
    }
  }
  if (ip !== "" && ip !== "192.0.2.1") {
    const bytes = ip.split(".");
    if (bytes.length === 4) {
      out.text("route", `ip8:${bytes[0]}`);
      out.text("route", `ip16:${bytes.slice(0, 2).join(".")}`);
      out.text("route", `ip24:${bytes.slice(0, 3).join(".")}`);
    } else out.text("route", `ip6:${ip.split(":").slice(0, 3).join(":")}`);
  }
  if (rdns !== undefined && rdns !== "") {
    out.text("route", `rdns:${rdns.toLowerCase().split(".").slice(-2).join(".")}`);
    if (isDynamicName(rdns)) out.text("route", "rdns:dynamic");
  }
  if (mailFrom === "") out.text("route", "null-path");
  else {
    const at = mailFrom.lastIndexOf("@");
    out.text("route", `path-local:${patternOf(mailFrom.slice(0, Math.max(0, at)), 20)}`);
    out.text(
      "route",
      `path-domain:${mailFrom
        .slice(at + 1)
        .toLowerCase()
        .split(".")
        .slice(-2)
        .join(".")}`,
    );
  }
  for (const hop of content.hops.slice(0, 6)) {
    if (hop.by !== "") out.text("route", `by:${hop.by.split(".").slice(-2).join(".")}`);
    if (hop.from !== "") out.text("route", `from:${hop.from.split(".").slice(-2).join(".")}`);
    if (hop.with !== "") out.text("route", `with:${hop.with}`);
    if (hop.by === "") out.text("route", "by:none");
    if (hop.ip !== "") out.text("route", `hop16:${hop.ip.split(".").slice(0, 2).join(".")}`);
  }
  const first = content.hops.at(-1);
  if (first !== undefined)
    out.text(
      "route",
      `first:${first.with}:${first.from.includes(".") ? "dotted" : first.from === "" ? "none" : "single"}`,
    );
}

/** A reverse name as providers give to their customers' lines: "adsl-1-2-3-4.example.net". */
export function isDynamicName(host: string): boolean {
  if (!hasDigits(host)) return false;
  return (
    /(?:\d{1,3}[-.x_]){3}\d{1,3}/.test(host) ||
    /(?:^|[.-])(?:a?dsl|dial(?:up|in)?|dyn(?:amic)?|pool|ppp|cable|dhcp|client|cust(?:omer)?|host\d+|broadband|cpe|user)(?:[.\d-]|$)/i.test(
      host,
    )
  );
}

function shape(content: Content, out: Collector): void {
  out.text("shape", `structure:${content.structure}`);
  out.text("shape", `size:${bucket(content.sizeBytes)}`);
  for (const part of content.parts) {
    out.text("shape", `part:${part.type}`);
    out.text("shape", `charset:${part.charset}`);
    out.text("shape", `encoding:${part.type}:${part.encoding}`);
    if (part.attached) out.text("shape", `attached:${part.fileName.slice(part.fileName.lastIndexOf("."))}`);
  }
  const type = content.fields.find((field) => field.name === "content-type")?.value;
  const boundary = type === undefined ? undefined : /boundary\s*=\s*"?([^";]+)/i.exec(type)?.[1];
  if (boundary !== undefined) out.text("shape", `boundary:${patternOf(boundary.trim(), 30)}`);
  for (const [kind, writing] of [
    ["p", content.plainWriting],
    ["h", content.htmlWriting],
  ] as const) {
    const { letters, words } = writing;
    out.text("shape", `${kind}words:${bucket(words.length)}`);
    if (words.length === 0) continue;
    for (const [script, count] of Object.entries(writing.scripts))
      if (count * 10 > letters) out.text("shape", `script:${script}`);
    out.text("shape", `${kind}shout:${bucket((100 * writing.shouted) / words.length)}`);
    out.text("shape", `${kind}exclaim:${bucket(writing.exclamations)}`);
    if (writing.money > 0) out.text("shape", `${kind}money:${bucket(writing.money)}`);
    if (writing.zeroWidth > 0) out.text("shape", `zero:${bucket(writing.zeroWidth)}`);
    if (writing.mixedWords > 0) out.text("shape", "mixed");
    if (writing.fancy > 0) out.text("shape", "fancy");
    if (writing.spaced > 1) out.text("shape", "spaced");
    if (writing.leet > 0) out.text("shape", `leet:${bucket(writing.leet)}`);
    if (writing.gibberish > 0) out.text("shape", `gibberish:${bucket(writing.gibberish)}`);
    if (writing.emoji > 0) out.text("shape", `emoji:${bucket(writing.emoji)}`);
  }
  if (content.plain !== "") {
    if (/^>/m.test(content.plain)) out.text("shape", "quotes");
    if (/^-- ?$/m.test(content.plain)) out.text("shape", "signature");
    if (/^[ \t]{2,}\S/m.test(content.plain)) out.text("shape", "indented");
  }
  const { html } = content;
  if (html === undefined) return;
  let previous = "";
  for (const [tag, count] of html.tags) {
    out.text("shape", `<${tag}>`);
    out.text("shape", `<${tag}>${bucket(count)}`);
    if (previous !== "") out.text("shape", `<${previous}><${tag}>`);
    previous = tag;
  }
  let styles = 0;
  for (const [style, count] of html.styles) {
    if (++styles > 80) break;
    out.text("shape", `style:${style}`);
    if (count > 3) out.text("shape", `style:${style}:${bucket(count)}`);
  }
  out.text("shape", `images:${bucket(html.images)}`);
  if (html.pixels > 0) out.text("shape", "pixel");
  if (html.comments > 0) out.text("shape", `comments:${bucket(html.comments)}`);
  if (html.splitWords > 0) out.text("shape", `split:${bucket(html.splitWords)}`);
  if (html.hidden.length > 0) out.text("shape", `hidden:${bucket(html.hidden.length)}`);
  if (html.tinyChars > 0) out.text("shape", `tiny:${bucket(html.tinyChars)}`);
  for (const input of html.inputs) out.text("shape", `input:${input}`);
  if (html.scripts > 0) out.text("shape", "script");
  if (html.title !== "") out.text("shape", "title");
  out.text("shape", `text-share:${bucket((100 * html.text.length) / Math.max(1, content.htmlChars))}`);
}

function links(content: Content, out: Collector): void {
  const domains = new Set<string>();
  let count = 0;
  for (const link of content.links) {
    if (++count > 120) break;
    if (link.host === "") {
      out.text("links", `scheme:${link.scheme}`);
      continue;
    }
    domains.add(link.domain);
    out.text("links", `domain:${link.domain}`);
    out.text("links", `host:${link.host}`);
    out.text("links", `suffix:${link.suffix}`);
    if (link.scheme === "mailto") {
      out.text("links", "mailto");
      continue;
    }
    if (link.isIp) out.text("links", "ip");
    if (link.port !== "") out.text("links", `port:${link.port}`);
    if (link.hasUser) out.text("links", "user");
    out.text("links", `path:${link.use}:${patternOf(link.path, 20)}`);
    for (const piece of link.path.split("/").slice(1, 4))
      if (piece.length > 2 && piece.length < 24) out.text("links", `piece:${piece.toLowerCase().replace(/\d+/g, "#")}`);
    if (link.query !== "") out.text("links", `query:${link.query.slice(1, 40).replace(/=[^&]*/g, "=")}`);
    if (link.use === "form") out.text("links", "form");
    if (content.from !== undefined) out.text("links", `${link.use}:${related(link.host, content.from.domain)}`);
  }
  out.text("links", `count:${bucket(content.links.length)}`);
  out.text("links", `domains:${bucket(domains.size)}`);
}
