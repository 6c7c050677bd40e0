/** What receivers and people say of a tenant's mail is counted, and leads to something: a limit, a pause, the end of a campaign. */
import type { Log } from "../base/log.ts";
import type { NewSendingEvent } from "../store/sending.ts";
import type { Instant, QueuedMessage, Store } from "../store/store.ts";
import { type ConductBook, judgeCampaign, judgeTenant } from "./conduct.ts";
import { putThing } from "./edit.ts";
import type { Model, Named } from "./model.ts";

export type Conduct = {
  /** Of a message of a tenant. */
  note(message: Pick<QueuedMessage, "tenant" | "campaign">, change: Parameters<ConductBook["note"]>[1]): void;
  /** By its full name, "tenant/campaign". */
  stopCampaign(name: string, reason: string): void;
};

/** The state of a tenant that each measure puts it in. */
const states = {
  "pause-all": "suspended",
  "pause-marketing": "paused",
  limit: "limited",
  warn: undefined,
  none: undefined,
} as const;

export function actOnConduct(ports: {
  readonly store: Store;
  readonly conduct: ConductBook;
  readonly model: () => Model;
  /** What cannot be changed. */
  readonly file: Named | undefined;
  /** Work that is tried again where it fails. */
  readonly safely: (what: string, work: Promise<unknown>) => void;
  readonly now: () => Instant;
  readonly log: Log;
}): Conduct {
  const { store, conduct, model, file, safely, now, log } = ports;
  /** Changes something, and tells its tenant. */
  const put = async (
    kind: "tenant" | "campaign",
    name: string,
    change: { readonly [field: string]: unknown },
    told: Pick<NewSendingEvent, "tenant" | "campaign" | "detail">,
  ): Promise<void> => {
    await putThing({ store, now }, kind, name, change, "either", file);
    await store.addSendingEvents([{ at: now(), stream: "", message: "", recipient: "", type: "paused", ...told }]);
  };
  const stopCampaign = (name: string, reason: string): void => {
    const known = model().campaign.get(name);
    if (known?.state === "stopped") return;
    log.warn({ campaign: name, reason }, "campaign stopped");
    const [tenant = "", campaign = ""] = name.split("/");
    const change = { ...known, state: "stopped", reason: reason.slice(0, 500) };
    safely(
      "stopping a campaign",
      put("campaign", name, change, { tenant, campaign, detail: { campaign: true, reason } }),
    );
  };
  const acted = new Map<string, string>();
  /** Acts once on each new measure: a person who lifts it is believed until it grows worse. */
  const judgeNow = (tenant: string, campaign: string | undefined): void => {
    const subject = `tenant:${tenant}`;
    const verdict = judgeTenant(conduct.tally(subject, 24), conduct.tally(subject));
    if (acted.get(subject) !== verdict.measure) {
      acted.set(subject, verdict.measure);
      const state = states[verdict.measure];
      const reason = verdict.why;
      if (verdict.measure !== "none") log.warn({ tenant, ...verdict }, "a tenant's mail is not wanted");
      if (state !== undefined)
        safely(
          "slowing a tenant",
          put("tenant", tenant, { state, reason }, { tenant, campaign: "", detail: { state, reason } }),
        );
    }
    if (campaign === undefined) return;
    const mailing = judgeCampaign(conduct.tally(`campaign:${tenant}/${campaign}`));
    if (mailing.measure === "pause-marketing" || mailing.measure === "pause-all")
      stopCampaign(`${tenant}/${campaign}`, mailing.why);
  };
  return {
    stopCampaign,
    note({ tenant, campaign }, change) {
      if (tenant === undefined) return;
      conduct.note(`tenant:${tenant}`, change);
      if (campaign !== undefined) conduct.note(`campaign:${tenant}/${campaign}`, change);
      if ((change.hard ?? 0) + (change.complaints ?? 0) > 0) judgeNow(tenant, campaign);
    },
  };
}
