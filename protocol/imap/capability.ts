/** What the server says it can do, which depends on how far a session has come. RFC 9051 §7.2.2. */

export type CapabilityState = {
  readonly tls: boolean;
  readonly authenticated: boolean;
  /** SASL mechanisms that may be used on this connection now. */
  readonly mechanisms: readonly string[];
  /** Whether LOGIN may be used now. */
  readonly login: boolean;
  readonly startTls: boolean;
  /** RFC 4978: not while compression is on, and not where it is switched off. */
  readonly compress: boolean;
  readonly maxMessageBytes: number;
  /** Where scripts for what clients do are put (RFC 6785 §3.1): a host with ManageSieve. */
  readonly sieveHost: string;
};

const always = ["IMAP4rev2", "IMAP4rev1", "LITERAL+", "SASL-IR", "ID", "ENABLE"];

const authenticated = [
  "IDLE",
  "NAMESPACE",
  "UIDPLUS",
  "MOVE",
  "UNSELECT",
  "CHILDREN",
  "LIST-EXTENDED",
  "LIST-STATUS",
  "SPECIAL-USE",
  "CREATE-SPECIAL-USE",
  "CONDSTORE",
  "QRESYNC",
  "ESEARCH",
  "SEARCHRES",
  "WITHIN",
  "SORT",
  "SORT=DISPLAY",
  "ESORT",
  "I18NLEVEL=1",
  "THREAD=ORDEREDSUBJECT",
  "THREAD=REFERENCES",
  "MULTIAPPEND",
  "BINARY",
  "STATUS=SIZE",
  "OBJECTID",
  "SAVEDATE",
  "UTF8=ACCEPT",
  "QUOTA",
  "QUOTA=RES-STORAGE",
  "UNAUTHENTICATE",
  "ACL",
  "RIGHTS=kxte",
  "METADATA",
  "LIST-MYRIGHTS",
  "LIST-METADATA",
  "REPLACE",
  "PREVIEW",
  "PARTIAL",
  "JMAPACCESS",
  "NOTIFY",
  "MULTISEARCH",
  "UIDONLY",
  "INPROGRESS",
];

/** The capability list, in the order it is sent. */
export function capabilities(state: CapabilityState): string[] {
  const list = [...always];
  if (state.startTls && !state.tls && !state.authenticated) list.push("STARTTLS");
  if (state.authenticated) {
    list.push(...authenticated, `APPENDLIMIT=${state.maxMessageBytes}`, `IMAPSIEVE=sieve://${state.sieveHost}`);
    if (state.compress) list.push("COMPRESS=DEFLATE");
    return list;
  }
  if (!state.login) list.push("LOGINDISABLED");
  for (const mechanism of state.mechanisms) list.push(`AUTH=${mechanism}`);
  return list;
}

/** What ENABLE can switch on, with what each of them brings along (RFC 7162 §3.2.3, RFC 9051 §6.3.1). */
export function enables(capability: string): readonly Enabled[] | undefined {
  return enableable.get(capability);
}

export type Enabled = "CONDSTORE" | "QRESYNC" | "UTF8=ACCEPT" | "IMAP4rev2" | "UIDONLY";

const enableable = new Map<string, readonly Enabled[]>([
  ["CONDSTORE", ["CONDSTORE"]],
  ["QRESYNC", ["QRESYNC", "CONDSTORE"]],
  ["UTF8=ACCEPT", ["UTF8=ACCEPT"]],
  ["IMAP4REV2", ["IMAP4rev2"]],
  ["UIDONLY", ["UIDONLY"]],
]);
