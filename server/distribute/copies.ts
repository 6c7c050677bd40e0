/** What members of a list get: copies, each with a return path and links of their own. */
import { parseMailbox } from "../../protocol/smtp/address.ts";
import { cameFromHere } from "../deliver/came-from-here.ts";
import type { Received, ReceivedRecipient } from "../receive/received.ts";
import type { Member } from "../store/lists-store.ts";
import type { JourneyEntry } from "../store/store.ts";
import { leaveFields, sharedLeaveFields } from "./compose.ts";
import type { DistributePorts } from "./ports.ts";
import { type List, partAddress } from "./settings.ts";
import { listToken } from "./tokens.ts";

/** While a post to all members is not larger than this, each gets a copy with links of its own. */
const maxPersonalBytes = 16 * 1024 * 1024;

export type CopiesOf = ReturnType<typeof makeCopies>;

export const makeCopies =
  (ports: Pick<DistributePorts, "sign" | "mac" | "base" | "newId">) =>
  /** Copies for these: one each with links of their own, or one for all where that would be too much. */
  async (
    mail: Received,
    shared: Buffer,
    list: List,
    members: readonly Member[],
    signers: ReadonlySet<string>,
  ): Promise<Received[]> => {
    const personal = members.length * shared.length <= maxPersonalBytes;
    const finish = async (
      fields: string,
      from: string,
      recipients: readonly ReceivedRecipient[],
    ): Promise<Received> => {
      const bytes = Buffer.concat([Buffer.from(fields, "utf8"), shared]);
      let signatures = "";
      for (const domain of signers) signatures += await ports.sign(bytes, domain);
      return {
        ...mail,
        id: ports.newId(),
        via: "local",
        tls: undefined,
        account: undefined,
        trusted: true,
        envelopeFrom: from,
        recipients,
        ret: undefined,
        envid: undefined,
        notBefore: undefined,
        bytes: signatures === "" ? bytes : Buffer.concat([Buffer.from(signatures, "latin1"), bytes]),
      };
    };
    const recipientOf = (address: string): ReceivedRecipient | undefined => {
      const read = parseMailbox(address);
      return read === undefined ? undefined : { ...read, orcpt: undefined, notify: undefined };
    };
    if (!personal) {
      const recipients = members.flatMap(({ address }) => recipientOf(address) ?? []);
      return recipients.length === 0
        ? []
        : [await finish(sharedLeaveFields(list), partAddress(list, "bounces"), recipients)];
    }
    return Promise.all(
      members.flatMap(({ id, address }) => {
        const recipient = recipientOf(address);
        if (recipient === undefined) return [];
        const leave = leaveFields(list, listToken("leave", id, ports.mac), ports.base);
        return [finish(leave, partAddress(list, "bounces", listToken("bounce", id, ports.mac)), [recipient])];
      }),
    );
  };

/** A mail that the list makes; its bytes and sender are still to come. */
export const madeHere = (ourHost: string, at: number, id: string): Omit<Received, "envelopeFrom" | "bytes"> => ({
  ...cameFromHere({ at, id, ourHost }),
  recipients: [],
  body: "8bitmime",
  smtputf8: false,
});

/** One entry of a message's journey. */
export const told = (mail: Received, stage: JourneyEntry["stage"], detail: JourneyEntry["detail"]): JourneyEntry => ({
  at: mail.at,
  stage,
  trace: mail.id,
  keys: [],
  detail,
});
