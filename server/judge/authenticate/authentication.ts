/** Who sent a message, as far as could be told: one value that the other judges, the reports and the journey read. */
import type {
  ArcResult,
  BimiResult,
  DkimResult,
  DmarcResult,
  IprevResult,
  SpfResult,
} from "../../../protocol/authentication/results.ts";

export type Authentication = {
  /** Undefined: not checked (LMTP: the peer is not who sent it). */
  readonly spf: SpfResult | undefined;
  readonly dkim: readonly DkimResult[];
  readonly dmarc: DmarcResult;
  readonly arc: ArcResult;
  /** Undefined: not checked. */
  readonly iprev: IprevResult | undefined;
  readonly bimi: BimiResult | undefined;
  /** The author's domain, lower-case A-labels; undefined where there is no From, or several domains in it. */
  readonly fromDomain: string | undefined;
  /** Its organisational domain. */
  readonly organization: string | undefined;
  /** Domains that stand for the message and are the author's own: DKIM or SPF, passing and aligned. Reputation may be kept by them. */
  readonly aligned: readonly string[];
  /** A believed sealer says that the message was authentic when it came there. */
  readonly vouched: string | undefined;
};
