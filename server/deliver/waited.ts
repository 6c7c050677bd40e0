/** What has waited for its time in the queue, for people here: delivered as it would have been when it came. */
import { parseMailbox } from "../../protocol/smtp/address.ts";
import type { Directory } from "../access/directory.ts";
import type { DeliverHere } from "../queue/here.ts";
import { cameFromHere, type MadeHereFacts } from "./came-from-here.ts";
import { type Deliver, takenAs } from "./deliver.ts";

export const makeDeliverHere =
  (
    deliver: () => Pick<Deliver, "take">,
    directory: Pick<Directory, "account">,
    facts: () => MadeHereFacts,
  ): DeliverHere =>
  async ({ account, envelopeFrom, body, smtputf8 }, { address, orcpt, notify }, bytes, endOf) => {
    const made = facts();
    const mail = {
      ...cameFromHere(made),
      account: account === undefined ? undefined : await directory.account(account),
      envelopeFrom,
      recipients: [{ ...parseMailbox(address)!, orcpt, notify }],
      body,
      smtputf8,
      bytes,
    };
    const [said] = await deliver().take(mail, endOf(takenAs(made.id)));
    return said!;
  };
