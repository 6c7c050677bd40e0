/** Authentication-Results (RFC 8601): written so that nothing a stranger chose can break out of its place, and read as far as we must. */
import type { ArcResult, BimiResult, DkimResult, DmarcResult, IprevResult, SpfResult } from "./results.ts";

export type Results = {
  readonly spf: SpfResult | undefined;
  readonly dkim: readonly DkimResult[];
  readonly dmarc: DmarcResult;
  readonly arc: ArcResult;
  readonly iprev: IprevResult | undefined;
  readonly bimi: BimiResult | undefined;
};

export type Envelope = { readonly envelopeFrom: string; readonly helo: string; readonly address: string };

/** "mx.example.org; spf=pass …; dkim=…": the value, each method a piece. Also what an ARC set says (RFC 8617 §4.1.1). */
export function resultPieces(ourHost: string, results: Results, envelope: Envelope): readonly string[] {
  const { spf, dkim, dmarc, arc, iprev, bimi } = results;
  const pieces = [ourHost];
  if (iprev !== undefined)
    pieces.push(
      `iprev=${iprev.result}${iprev.name === undefined ? "" : ` (${token(iprev.name)})`} policy.iprev=${value(envelope.address)}`,
    );
  if (spf !== undefined) pieces.push(`spf=${spf.result} ${spfProperty(spf, envelope)}`);
  if (dkim.length === 0) pieces.push("dkim=none");
  for (const one of dkim) pieces.push(dkimPiece(one));
  pieces.push(dmarcPiece(dmarc));
  if (arc.result !== "none") pieces.push(`arc=${arc.result}${arcDetail(arc)}`);
  if (bimi !== undefined && bimi.result !== "none") pieces.push(bimiPiece(bimi));
  return pieces;
}

/**
 * What there is to say of mail that has not come from outside: somebody who is signed in here wrote it (RFC 8601 §2.7.4), by whatever protocol, or
 * the server itself did (§2.7.7: a method of our own). Who signed in is not said: an address may be there to hide that.
 */
export function ownPieces(ourHost: string, author: "signed-in" | "server", envelopeFrom: string): readonly string[] {
  if (author === "server") return [ourHost, "x-local=pass"];
  const at = envelopeFrom.lastIndexOf("@");
  const domain = envelopeFrom.slice(at + 1);
  const known = at > 0 && token(domain) === domain;
  return [ourHost, known ? `auth=pass smtp.mailfrom=${mailFrom(envelopeFrom.slice(0, at), domain)}` : "auth=pass"];
}

/** The whole field, folded, ended with CRLF. */
export function resultsField(pieces: readonly string[]): string {
  return `Authentication-Results: ${pieces.join(";\r\n\t")}\r\n`;
}

function spfProperty(spf: SpfResult, { envelopeFrom, helo }: Envelope): string {
  if (spf.scope === "helo") return `smtp.helo=${value(helo)}`;
  return `smtp.mailfrom=${mailFrom(envelopeFrom.slice(0, envelopeFrom.lastIndexOf("@")), spf.domain)}`;
}

/** A local part that needs quotes could look like further results to a careless reader: the domain alone is no less true. */
function mailFrom(local: string, domain: string): string {
  return isPlainLocal(local) && local.length <= 100 ? `${local}@${token(domain)}` : token(domain);
}

function dkimPiece(one: DkimResult): string {
  const at = one.identity.lastIndexOf("@");
  const local = one.identity.slice(0, at);
  const identity = `${isPlainLocal(local) && local.length <= 100 ? local : ""}@${token(one.identity.slice(at + 1))}`;
  const properties = [
    ["header.d", token(one.domain)],
    ["header.i", identity],
    ["header.s", token(one.selector)],
    ["header.a", token(one.algorithm)],
    ["header.b", value(one.signature)],
  ].filter(([, text]) => text !== "" && text !== "@" && text !== '""');
  const said = one.reason === undefined ? "" : ` reason=${quoted(one.reason)}`;
  const testing = one.testing ? " (test mode)" : "";
  return `dkim=${one.result}${testing}${said} ${properties.map(([name, text]) => `${name}=${text}`).join(" ")}`.trimEnd();
}

function dmarcPiece(dmarc: DmarcResult): string {
  const from = dmarc.fromDomain === undefined ? "" : ` header.from=${token(dmarc.fromDomain)}`;
  const said = dmarc.reason === undefined ? "" : ` reason=${quoted(dmarc.reason)}`;
  const { policy } = dmarc;
  const comment =
    policy === undefined
      ? ""
      : ` (p=${policy.p}${policy.sp === undefined ? "" : ` sp=${policy.sp}`}${policy.np === undefined ? "" : ` np=${policy.np}`})`;
  const asked = policy === undefined ? "" : ` policy.dmarc=${dmarc.asked}`;
  const aligned = dmarc.dkimAligned && dmarc.result !== "pass" ? " policy.aligned=dkim" : "";
  return `dmarc=${dmarc.result}${comment}${said}${from}${asked}${aligned}`;
}

function arcDetail(arc: ArcResult): string {
  const last = arc.sealers.at(-1);
  const count = arc.sealers.length === 0 ? "" : ` (i=${arc.sealers.length})`;
  const said = arc.reason === undefined ? "" : ` reason=${quoted(arc.reason)}`;
  return `${count}${said}${last === undefined || token(last) === "" ? "" : ` header.d=${token(last)}`}`;
}

function bimiPiece(bimi: BimiResult): string {
  const said = bimi.reason === undefined ? "" : ` reason=${quoted(bimi.reason)}`;
  const domain = bimi.domain === undefined ? "" : ` header.d=${token(bimi.domain)}`;
  const selector = bimi.selector === undefined ? "" : ` header.selector=${token(bimi.selector)}`;
  const authority = bimi.authority === undefined ? "none" : bimi.result;
  const type = bimi.type === undefined ? "" : ` (${bimi.type})`;
  return `bimi=${bimi.result}${type}${said}${domain}${selector} policy.authority=${authority}`;
}

function isPlainLocal(local: string): boolean {
  return /^[\w!#$%&'*+\-/=?^`{|}~.]*$/.test(local);
}

/** Names: what cannot be in one is left out. */
function token(text: string): string {
  return text.replace(/[^\w.-]/g, "").slice(0, 253);
}

/** RFC 2045's value: a token, or quoted. */
function value(text: string): string {
  return /^[\w.+-]+$/.test(text) && text.length <= 255 ? text : quoted(text);
}

function quoted(text: string): string {
  return `"${text
    .replace(/[^\x20-\x7e]/g, "")
    .replace(/["\\;]/g, "")
    .slice(0, 255)}"`;
}

/** The authserv-id at the beginning of a value (unfolded), lower case: comments and quotes are undone; undefined where there is none. */
export function authservId(text: string): string | undefined {
  let at = 0;
  for (;;) {
    while (at < text.length && /[\s\0]/.test(text[at]!)) at++;
    if (text[at] !== "(") break;
    let depth = 0;
    for (; at < text.length; at++) {
      if (text[at] === "\\") at++;
      else if (text[at] === "(") depth++;
      else if (text[at] === ")" && --depth === 0) break;
    }
    at++;
  }
  if (text[at] === '"') {
    let id = "";
    for (at++; at < text.length && text[at] !== '"'; at++) {
      if (text[at] === "\\") at++;
      id += text[at] ?? "";
    }
    return clean(id);
  }
  const found = /^[^\s;()"\0]+/.exec(text.slice(at, at + 300));
  return found === null ? undefined : clean(found[0]);
}

function clean(id: string): string {
  return id.trim().toLowerCase().replace(/\.$/, "");
}

/** Whether results (of a sealer) say that DMARC passed for mail of `fromDomain`. Comments and quoted texts cannot say it. */
export function saysDmarcPass(results: string, fromDomain: string): boolean {
  const bare = withoutSaid(results);
  for (const piece of bare.split(";")) {
    if (!/^\s*dmarc\s*=\s*pass(?:\s|$)/i.test(piece)) continue;
    const from = /\sheader\.from\s*=\s*([^\s;]+)/i.exec(piece)?.[1]?.toLowerCase();
    if (from === undefined || from.slice(from.lastIndexOf("@") + 1) === fromDomain) return true;
  }
  return false;
}

/** Without comments, and with nothing in quotes; what is opened and not closed goes to the end. */
function withoutSaid(text: string): string {
  let bare = "";
  let depth = 0;
  let quoted = false;
  for (let i = 0; i < text.length; i++) {
    const char = text[i]!;
    if (char === "\\" && (quoted || depth > 0)) i++;
    else if (char === '"' && depth === 0) {
      quoted = !quoted;
      bare += char;
    } else if (quoted) continue;
    else if (char === "(") depth++;
    else if (char === ")" && depth > 0) {
      depth--;
      bare += " ";
    } else if (depth === 0) bare += char;
  }
  return bare;
}
