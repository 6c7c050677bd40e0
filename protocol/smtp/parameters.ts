/** Parameters of MAIL and RCPT. RFC 1870, 6152, 3030, 6531, 3461, 4865, 8689, 4954. */
import { readPath } from "./address.ts";
import { type Reply, reply } from "./reply.ts";
import { decodeXtext } from "./xtext.ts";

export type MailParameters = {
  /** Announced size in bytes, RFC 1870. */
  readonly sizeBytes: number | undefined;
  readonly body: "7bit" | "8bitmime" | "binarymime" | undefined;
  readonly smtputf8: boolean;
  readonly ret: "full" | "hdrs" | undefined;
  /** Decoded, printable ASCII. */
  readonly envid: string | undefined;
  readonly requireTls: boolean;
  /** FUTURERELEASE, RFC 4865: seconds from now, or an instant in ms since 1970. */
  readonly hold: { readonly seconds: number } | { readonly until: number } | undefined;
  /** AUTH=, RFC 4954 §5: who sent it first, decoded; "" for "<>". Kept for the log: we believe nobody's word. */
  readonly submitter: string | undefined;
};
export type RcptParameters = {
  readonly notify:
    | { readonly never: boolean; readonly success: boolean; readonly failure: boolean; readonly delay: boolean }
    | undefined;
  /** "rfc822;a@b.test", the address decoded from xtext; other address types as they came. */
  readonly orcpt: string | undefined;
};

/** RFC 3461 §4.4 and §4.2. */
const maxEnvidChars = 100;
const maxOrcptChars = 500;
/** A stranger's parameters are few. */
const maxParameters = 20;

const noMailParameters: MailParameters = {
  sizeBytes: undefined,
  body: undefined,
  smtputf8: false,
  ret: undefined,
  envid: undefined,
  requireTls: false,
  hold: undefined,
  submitter: undefined,
};
const noRcptParameters: RcptParameters = { notify: undefined, orcpt: undefined };

const afterPath = reply(501, "5.5.2", "There must be a space after the address");
const repeated = reply(501, "5.5.4", "A parameter is given twice");
const badSyntax = reply(501, "5.5.4", "Bad syntax in a parameter");
const tooMany = reply(501, "5.5.4", "Too many parameters");

type Raw = { readonly keyword: string; readonly value: string | undefined };

/** esmtp-params of RFC 5321 §4.1.2, each keyword once. */
function split(text: string, start: number): readonly Raw[] | Reply {
  if (text[start] !== " " && text[start] !== "\t") return afterPath;
  const found: Raw[] = [];
  for (const word of text
    .slice(start)
    .trim()
    .split(/[ \t]+/)) {
    if (word === "") continue;
    const equals = word.indexOf("=");
    const keyword = (equals === -1 ? word : word.slice(0, equals)).toUpperCase();
    if (!/^[A-Z\d][A-Z\d-]*$/.test(keyword)) return badSyntax;
    if (found.some((other) => other.keyword === keyword)) return repeated;
    if (found.length === maxParameters) return tooMany;
    found.push({ keyword, value: equals === -1 ? undefined : word.slice(equals + 1) });
  }
  return found;
}

const bad = (keyword: string): Reply => reply(501, "5.5.4", `Bad value of ${keyword}`);
const unknown = (keyword: string): Reply => reply(555, "5.5.4", `Parameter not recognised: ${keyword.slice(0, 40)}`);

/** What follows the path of MAIL, from `start` to the end of the line. */
export function readMailParameters(text: string, start: number): MailParameters | Reply {
  if (start === text.length) return noMailParameters;
  const words = split(text, start);
  if ("code" in words) return words;
  const found: { -readonly [name in keyof MailParameters]: MailParameters[name] } = { ...noMailParameters };
  for (const { keyword, value } of words) {
    switch (keyword) {
      case "SIZE":
        if (value === undefined || !/^\d{1,20}$/.test(value)) return bad(keyword);
        found.sizeBytes = Number(value);
        break;
      case "BODY": {
        const body = value?.toLowerCase();
        if (body !== "7bit" && body !== "8bitmime" && body !== "binarymime") return bad(keyword);
        found.body = body;
        break;
      }
      case "SMTPUTF8":
        if (value !== undefined) return bad(keyword);
        found.smtputf8 = true;
        break;
      case "REQUIRETLS":
        if (value !== undefined) return bad(keyword);
        found.requireTls = true;
        break;
      case "RET": {
        const ret = value?.toLowerCase();
        if (ret !== "full" && ret !== "hdrs") return bad(keyword);
        found.ret = ret;
        break;
      }
      case "ENVID": {
        const envid = value === undefined || value.length > maxEnvidChars ? undefined : decodeXtext(value);
        if (envid === undefined || envid === "") return bad(keyword);
        found.envid = envid;
        break;
      }
      case "HOLDFOR":
        // RFC 4865 §4: 1*9DIGIT.
        if (value === undefined || !/^\d{1,9}$/.test(value)) return bad(keyword);
        if (found.hold !== undefined) return repeated;
        found.hold = { seconds: Number(value) };
        break;
      case "HOLDUNTIL": {
        const until = value === undefined ? undefined : parseDateTime(value);
        if (until === undefined) return bad(keyword);
        if (found.hold !== undefined) return repeated;
        found.hold = { until };
        break;
      }
      case "AUTH": {
        const submitter = value === undefined || value.length > maxOrcptChars ? undefined : readSubmitter(value);
        if (submitter === undefined) return bad(keyword);
        found.submitter = submitter;
        break;
      }
      default:
        return unknown(keyword);
    }
  }
  return found;
}

/** What follows the path of RCPT. */
export function readRcptParameters(text: string, start: number): RcptParameters | Reply {
  if (start === text.length) return noRcptParameters;
  const words = split(text, start);
  if ("code" in words) return words;
  let { notify, orcpt } = noRcptParameters;
  for (const { keyword, value } of words) {
    switch (keyword) {
      case "NOTIFY":
        notify = value === undefined ? undefined : readNotify(value);
        if (notify === undefined) return bad(keyword);
        break;
      case "ORCPT":
        orcpt = value === undefined || value.length > maxOrcptChars ? undefined : readOrcpt(value);
        if (orcpt === undefined) return bad(keyword);
        break;
      default:
        return unknown(keyword);
    }
  }
  return { notify, orcpt };
}

/** RFC 3461 §4.1: NEVER alone, or a list of the others. */
function readNotify(value: string): RcptParameters["notify"] {
  const words = value.toUpperCase().split(",");
  if (words.length === 1 && words[0] === "NEVER") return { never: true, success: false, failure: false, delay: false };
  if (words.length > 3 || new Set(words).size !== words.length) return undefined;
  if (!words.every((word) => word === "SUCCESS" || word === "FAILURE" || word === "DELAY")) return undefined;
  return {
    never: false,
    success: words.includes("SUCCESS"),
    failure: words.includes("FAILURE"),
    delay: words.includes("DELAY"),
  };
}

/** RFC 3461 §4.2; RFC 6533 §3 for "utf-8", whose own escapes stay as they came. */
function readOrcpt(value: string): string | undefined {
  const semicolon = value.indexOf(";");
  const type = value.slice(0, Math.max(0, semicolon)).toLowerCase();
  if (!/^[a-z\d][a-z\d-]{0,39}$/.test(type)) return undefined;
  const address = value.slice(semicolon + 1);
  if (address === "") return undefined;
  if (type === "utf-8") return /^[^\x00-\x20\x7f-\x9f\u2028\u2029]*$/.test(address) ? `utf-8;${address}` : undefined;
  const decoded = decodeXtext(address);
  return decoded === undefined ? undefined : `${type};${decoded}`;
}

function readSubmitter(value: string): string | undefined {
  const decoded = value === "<>" ? "<>" : decodeXtext(value);
  if (decoded === undefined) return undefined;
  if (decoded === "<>") return "";
  const path = readPath(`<${decoded}>`, 0);
  return path.kind === "mailbox" || path.kind === "local" ? decoded : undefined;
}

/** RFC 3339 date-time to ms since 1970. */
function parseDateTime(text: string): number | undefined {
  const found = /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:\.\d{1,9})?(Z|[+-]\d\d:\d\d)$/i.exec(text);
  if (found === null) return undefined;
  const [year, month, day, hour, minute, second] = found.slice(1, 7).map(Number) as [
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  if (month < 1 || month > 12 || day < 1 || hour > 23 || minute > 59 || second > 60) return undefined;
  if (day > new Date(Date.UTC(year, month, 0)).getUTCDate()) return undefined;
  const zone = found[7]!;
  let offsetMinutes = 0;
  if (zone.length > 1) {
    const [zoneHour, zoneMinute] = [Number(zone.slice(1, 3)), Number(zone.slice(4))];
    if (zoneHour > 23 || zoneMinute > 59) return undefined;
    offsetMinutes = (zone[0] === "-" ? -1 : 1) * (zoneHour * 60 + zoneMinute);
  }
  return Date.UTC(year, month - 1, day, hour, minute, second) - offsetMinutes * 60_000;
}
