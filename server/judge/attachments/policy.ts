/** What is done with dangerous attachments: an action for each danger, the server's or a domain's. */
import { domainSettings } from "../../store/domain-settings.ts";
import { type Danger, dangers, type Finding } from "./finding.ts";

/** From the mildest to the gravest. "mark" only says so in the header and the journey. */
export const actions = ["allow", "mark", "strip", "quarantine", "refuse"] as const;
export type Action = (typeof actions)[number];
export type AttachmentPolicy = { readonly [D in Danger]: Action };

export const defaultAttachmentPolicy: AttachmentPolicy = {
  malware: "refuse",
  executable: "refuse",
  script: "refuse",
  shortcut: "refuse",
  disguised: "refuse",
  bomb: "refuse",
  macro: "quarantine",
  "office-trap": "quarantine",
  onenote: "quarantine",
  "disk-image": "quarantine",
  encrypted: "quarantine",
  "encrypted-document": "mark",
  "html-trap": "quarantine",
  "html-script": "quarantine",
  "pdf-trap": "quarantine",
  polyglot: "quarantine",
  "calendar-trap": "quarantine",
  fragment: "quarantine",
  unopened: "mark",
};

/** What our own people may not send. Documents with macros and encrypted archives are theirs to send. */
export const outboundPolicy: AttachmentPolicy = {
  ...(Object.fromEntries(Object.keys(dangers).map((danger) => [danger, "allow"])) as AttachmentPolicy),
  malware: "refuse",
  executable: "refuse",
  script: "refuse",
  shortcut: "refuse",
  disguised: "refuse",
  bomb: "refuse",
  "html-trap": "refuse",
};

/** Where policies are kept that a domain has, by its name, or a tenant for all its domains, by its number. */
export const policyPrefixes = { domain: domainSettings.attachments, tenant: "attachments.tenant." } as const;

export const isDanger = (text: string): text is Danger => Object.hasOwn(dangers, text);
export const isAction = (text: unknown): text is Action => actions.includes(text as Action);

/** The gravest action of the findings under any of the policies, and the findings that it is for. */
export function decide(
  findings: readonly Finding[],
  policies: readonly AttachmentPolicy[],
): { readonly action: Action; readonly because: readonly Finding[] } {
  const rank = (finding: Finding): number =>
    Math.max(0, ...policies.map((policy) => actions.indexOf(policy[finding.danger])));
  const gravest = Math.max(0, ...findings.map(rank));
  return {
    action: actions[gravest]!,
    because: gravest === 0 ? [] : findings.filter((finding) => rank(finding) === gravest),
  };
}
