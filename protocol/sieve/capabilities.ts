/** Extensions by the names that `require` knows them by. */
export const capabilities: readonly string[] = [
  "body",
  "comparator-i;ascii-casemap",
  "comparator-i;ascii-numeric",
  "comparator-i;octet",
  "comparator-i;unicode-casemap",
  "copy",
  "date",
  "duplicate",
  "editheader",
  "enclose",
  "encoded-character",
  "enotify",
  "envelope",
  "envelope-dsn",
  "environment",
  "ereject",
  "extracttext",
  "fcc",
  "fileinto",
  "foreverypart",
  "ihave",
  "imap4flags",
  "imapsieve",
  "include",
  "index",
  "mailbox",
  "mailboxid",
  "mboxmetadata",
  "mime",
  "redirect-dsn",
  "regex",
  "reject",
  "relational",
  "replace",
  "servermetadata",
  "spamtest",
  "spamtestplus",
  "special-use",
  "subaddress",
  "vacation",
  "vacation-seconds",
  "variables",
  "virustest",
];

/** What an extension brings with it. */
export const impliedCapabilities: { readonly [name: string]: readonly string[] } = {
  // RFC 6131 §2: "vacation-seconds" implies "vacation".
  "vacation-seconds": ["vacation"],
  // RFC 5235 §2.3: "spamtestplus" replaces "spamtest".
  spamtestplus: ["spamtest"],
};

/** Known without being required: RFC 5228 §2.7.3. */
export const builtIn: readonly string[] = ["comparator-i;octet", "comparator-i;ascii-casemap"];
