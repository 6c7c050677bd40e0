/** The receivers that a simulation sends to, with the words their models answer with. */
import type { Chance } from "./random.ts";
import { Receiver, type ReceiverProfile } from "./receiver.ts";
import type { ProviderKey } from "./scenario.ts";

export const profiles: { readonly [provider in ProviderKey]: ReceiverProfile } = {
  gmail: {
    ofDomain: 0.7,
    tolerance: 2.6,
    floor: 500,
    tellsComplaints: false,
    replies: {
      accepted: "250 2.0.0 OK",
      tooMuch:
        "421 4.7.28 Gmail has detected an unusual rate of unsolicited mail originating from your IP address. To protect our users from spam, mail sent from your IP address has been temporarily rate limited.",
      blocked: "550 5.7.1 Our system has detected that this message is likely unsolicited mail.",
      unknownUser: "550 5.1.1 The email account that you tried to reach does not exist.",
    },
  },
  "microsoft-consumer": {
    ofDomain: 0.3,
    tolerance: 2.4,
    floor: 400,
    tellsComplaints: true,
    replies: {
      accepted: "250 2.6.0 Queued mail for delivery",
      tooMuch: "451 4.7.650 The mail server has been temporarily rate limited due to IP reputation. (S843)",
      blocked:
        "550 5.7.1 Unfortunately, messages from this address weren't sent. Please contact your Internet service provider since part of their network is on our block list (S3150).",
      unknownUser: "550 5.5.0 Requested action not taken: mailbox unavailable",
    },
  },
  yahoo: {
    ofDomain: 0.5,
    tolerance: 2.3,
    floor: 300,
    tellsComplaints: true,
    replies: {
      accepted: "250 ok dirdel",
      tooMuch:
        "421 4.7.0 [TSS04] Messages temporarily deferred due to unexpected volume or user complaints - 4.16.55.1",
      blocked: "553 5.7.1 [BL21] Connections will not be accepted, because the ip is in Spamhaus's list",
      unknownUser: "554 delivery error: dd This user doesn't have a yahoo.com account",
    },
  },
  apple: {
    ofDomain: 0.5,
    tolerance: 2.5,
    floor: 200,
    tellsComplaints: false,
    replies: {
      accepted: "250 2.0.0 Ok: queued",
      tooMuch: "421 4.7.1 Messages to user deferred due to excessive volume [BS02]",
      blocked: "550 5.7.1 Your message was rejected due to local policy. [CS01]",
      unknownUser: "550 5.1.1 user unknown",
    },
  },
};

/** `size`: how large the receivers are, against their profiles (what they take of a stranger); 1 where nothing is said. */
export function fleet(chance: Chance, tolerance: number | undefined, size = 1): ReadonlyMap<ProviderKey, Receiver> {
  return new Map(
    (Object.entries(profiles) as [ProviderKey, ReceiverProfile][]).map(([provider, profile]) => [
      provider,
      new Receiver(
        { ...profile, floor: Math.round(profile.floor * size), tolerance: tolerance ?? profile.tolerance },
        chance,
      ),
    ]),
  );
}
