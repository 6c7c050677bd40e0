/** What can be done with one message of a conversation. */
import type { MenuItem } from "../../../ui/components/Menu.svelte";
import { type Email, urn } from "../jmap/types.ts";
import { session } from "../state/session.svelte.ts";
import { t } from "../words.ts";

export type MessageDoes = {
  /** Of a draft. */
  readonly resume: (email: Email) => void;
  readonly reply: (email: Email, all: boolean) => void;
  readonly forward: (email: Email) => void;
  readonly editAsNew: (email: Email) => void;
  readonly unreadFrom: (email: Email) => void;
  readonly remove: (email: Email) => void;
  readonly junk: (email: Email, is: boolean) => void;
  readonly source: (email: Email) => void;
  readonly print: (email: Email) => void;
  readonly filterLike: (email: Email) => void;
  readonly writeTo: (address: string) => void;
  readonly unsubscribe: (email: Email) => void;
};

export function messageMenu(
  email: Email,
  does: MessageDoes,
  shown: {
    readonly details: () => void;
    readonly asText: { readonly on: boolean; readonly toggle: () => void } | undefined;
  },
): readonly MenuItem[] {
  return [
    { label: t("do.replyAll"), icon: "replyAll", run: () => does.reply(email, true) },
    { label: t("do.forward"), icon: "forward", run: () => does.forward(email) },
    { label: t("do.editAsNew"), icon: "edit", run: () => does.editAsNew(email) },
    "line",
    { label: t("do.unreadFrom"), icon: "mail", run: () => does.unreadFrom(email) },
    { label: t("do.deleteMessage"), icon: "trash", run: () => does.remove(email) },
    ...(session.client.has(urn.sieve)
      ? [{ label: t("do.filterLike"), icon: "filter", run: () => does.filterLike(email) } as const]
      : []),
    "line",
    { label: t("do.details"), icon: "info", run: shown.details },
    ...(shown.asText === undefined
      ? []
      : [{ label: t("do.asText"), checked: shown.asText.on, run: shown.asText.toggle } as const]),
    { label: t("do.source"), icon: "code", run: () => does.source(email) },
    { label: t("do.print"), icon: "print", run: () => does.print(email) },
  ];
}
