/** What the ways to tell who sent a message come to, in the words of RFC 8601 §2.7. */

export type SpfWord = "none" | "neutral" | "pass" | "fail" | "softfail" | "temperror" | "permerror";

export type SpfResult = {
  readonly result: SpfWord;
  /** The identity that was checked: RFC 7208 §2.4 wants HELO where the reverse-path is null. */
  readonly scope: "mfrom" | "helo";
  /** The domain of that identity, lower case. */
  readonly domain: string;
  /** Why, in a few words of ours, for people; undefined where the result says all. */
  readonly reason?: string;
  /** What the domain says to those it fails (RFC 7208 §6.2): a stranger's words. */
  readonly explanation?: string;
};

export type DkimWord = "pass" | "fail" | "policy" | "neutral" | "temperror" | "permerror";

/** One signature. */
export type DkimResult = {
  readonly result: DkimWord;
  /** d=, lower case; "" where it could not be read. */
  readonly domain: string;
  readonly selector: string;
  /** i=, or what it stands for where there is none. */
  readonly identity: string;
  readonly algorithm: string;
  readonly reason?: string;
  /** The key says t=y: its domain is only trying (RFC 6376 §3.6.1). */
  readonly testing: boolean;
  /** The first characters of b=, to tell signatures apart (RFC 6008). */
  readonly signature: string;
};

export type ArcResult = {
  readonly result: "none" | "pass" | "fail" | "temperror";
  /** d= of each set, the oldest first; complete only where the chain passes. */
  readonly sealers: readonly string[];
  readonly reason?: string;
  /** Of a chain that passes: what the sealers said they had seen, the oldest first (the values of ARC-Authentication-Results); empty where From is not sealed. */
  readonly said: readonly string[];
};

export type IprevResult = {
  readonly result: "pass" | "fail" | "temperror" | "permerror";
  /** The name that the address and its PTR record agree on. */
  readonly name?: string;
};

export type DmarcWord = "none" | "quarantine" | "reject";

/** A policy record that counts (RFC 9989 §4.7), as it was published. */
export type DmarcPolicy = {
  /** Where it was found, without "_dmarc". */
  readonly domain: string;
  readonly p: DmarcWord;
  readonly sp: DmarcWord | undefined;
  readonly np: DmarcWord | undefined;
  readonly adkim: "r" | "s";
  readonly aspf: "r" | "s";
  /** t=y */
  readonly testing: boolean;
  readonly psd: "y" | "n" | "u";
  readonly fo: string | undefined;
  readonly rua: string;
  readonly ruf: string;
};

export type DmarcResult = {
  readonly result: "none" | "pass" | "fail" | "temperror" | "permerror";
  /** The domain of the author that decided, lower case; undefined where there is none. */
  readonly fromDomain: string | undefined;
  readonly organization: string | undefined;
  readonly policy: DmarcPolicy | undefined;
  readonly discovery: "treewalk" | "psl" | undefined;
  /** What the policy asks for in this case: p, sp or np; one step milder where it says t=y (RFC 9989 §4.7). "none" where there is no policy. */
  readonly asked: DmarcWord;
  /** Aligned and passing. */
  readonly spfAligned: boolean;
  readonly dkimAligned: boolean;
  readonly reason?: string;
};

export type BimiResult = {
  readonly result: "pass" | "none" | "fail" | "temperror" | "declined" | "skipped";
  readonly domain?: string;
  readonly selector?: string;
  /** Where the picture is. */
  readonly location?: string;
  /** Where its certificate is. */
  readonly authority?: string;
  /** What the certificate is, where it was checked. */
  readonly type?: "VMC" | "CMC";
  readonly reason?: string;
};
