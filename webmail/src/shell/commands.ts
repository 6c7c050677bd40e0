/** Everything that can be done, once: for the palette, the keyboard and the help sheet. */

import type { IconName } from "../../../ui/components/icons.ts";
import type { Command } from "../../../ui/components/Palette.svelte";
import { urn } from "../jmap/types.ts";
import { chooseKnown } from "../list/choose.ts";
import { mailboxName } from "../nav/names.ts";
import { sections } from "../settings/sections.ts";
import { readAll } from "../state/actions.svelte.ts";
import { mailboxes } from "../state/mailboxes.svelte.ts";
import { go, inbox, route, toMailbox, toSpecial, withThread } from "../state/route.svelte.ts";
import { session } from "../state/session.svelte.ts";
import { view } from "../state/view.svelte.ts";
import type { Key } from "../words.ts";
import { t } from "../words.ts";
import { announce } from "./announce.svelte.ts";
import { show } from "./panels.svelte.ts";
import { rowCommands } from "./row-commands.ts";

export type Doing = {
  readonly id: string;
  readonly label: Key;
  readonly icon?: IconName;
  /** As pressed: "g i" is g, then i. The first is shown, all work. */
  readonly keys?: readonly string[];
  readonly group: "help.list" | "help.message" | "help.go" | "help.write" | "help.page";
  readonly run: () => void;
};

export type PageDoes = {
  readonly compose: () => void;
  readonly search: () => void;
  readonly reply: (all: boolean) => void;
  readonly forward: () => void;
  readonly openCursor: () => void;
  readonly step: (by: number) => void;
  readonly toggleTheme: () => void;
  readonly signOut: () => void;
};

export function doings(page: PageDoes): readonly Doing[] {
  const rows = rowCommands();
  const toRole = (role: "drafts" | "sent" | "archive" | "junk" | "trash") => () => {
    const found = mailboxes.role(role);
    if (found !== undefined) go(toMailbox(found.id));
  };
  const inJunk = () => view.mailbox !== undefined && mailboxes.get(view.mailbox)?.role === "junk";
  return [
    { id: "compose", label: "do.compose", icon: "edit", keys: ["c"], group: "help.write", run: page.compose },
    { id: "search", label: "do.search", icon: "search", keys: ["/"], group: "help.go", run: page.search },
    { id: "next", label: "do.next", keys: ["j", "ArrowDown"], group: "help.list", run: () => page.step(1) },
    { id: "previous", label: "do.previous", keys: ["k", "ArrowUp"], group: "help.list", run: () => page.step(-1) },
    { id: "open", label: "do.open", keys: ["Enter", "o"], group: "help.list", run: page.openCursor },
    {
      id: "choose",
      label: "do.choose",
      icon: "check",
      keys: ["x"],
      group: "help.list",
      run: () => {
        const id = view.list?.at(view.cursor);
        if (id !== undefined) view.chooseOrNot(id);
      },
    },
    {
      id: "chooseAll",
      label: "do.chooseAll",
      keys: ["* a"],
      group: "help.list",
      run: () => {
        if (view.list !== undefined) chooseKnown(view.list);
      },
    },
    { id: "chooseNone", label: "do.chooseNone", keys: ["* n"], group: "help.list", run: () => view.chooseNone() },
    {
      id: "back",
      label: "do.back",
      icon: "back",
      keys: ["Escape"],
      group: "help.list",
      run: () => {
        if (view.chosen.size > 0) view.chooseNone();
        else if (route.now.view === "mail" && route.now.thread !== undefined) go(withThread(undefined));
      },
    },
    { id: "archive", label: "do.archive", icon: "archive", keys: ["e", "y"], group: "help.message", run: rows.archive },
    { id: "delete", label: "do.delete", icon: "trash", keys: ["#", "Delete"], group: "help.message", run: rows.remove },
    { id: "junk", label: "do.junk", icon: "junk", keys: ["!"], group: "help.message", run: () => rows.junk(!inJunk()) },
    { id: "star", label: "do.star", icon: "star", keys: ["s"], group: "help.message", run: rows.star },
    { id: "read", label: "do.read", icon: "mailOpen", keys: ["Shift+I"], group: "help.message", run: rows.read },
    {
      id: "readAll",
      label: "do.readAll",
      icon: "mailOpen",
      group: "help.list",
      run: () => {
        if (view.mailbox !== undefined) void readAll(view.mailbox);
      },
    },
    { id: "unread", label: "do.unread", icon: "mail", keys: ["u", "Shift+U"], group: "help.message", run: rows.unread },
    {
      id: "share",
      label: "do.share",
      icon: "group",
      group: "help.go",
      run: () => {
        const id = view.mailbox;
        if (id !== undefined && mailboxes.ownerOf(id) === undefined && session.client.has(urn.principals))
          show({ kind: "share", id });
      },
    },
    { id: "move", label: "do.move", icon: "move", keys: ["v"], group: "help.message", run: rows.move },
    { id: "label", label: "do.label", icon: "label", keys: ["l"], group: "help.message", run: rows.label },
    { id: "snooze", label: "do.snooze", icon: "snooze", keys: ["b"], group: "help.message", run: rows.snooze },
    { id: "pin", label: "do.pin", icon: "pin", keys: ["p"], group: "help.message", run: rows.pin },
    { id: "mute", label: "do.mute", icon: "mute", keys: ["m"], group: "help.message", run: rows.mute },
    { id: "reply", label: "do.reply", icon: "reply", keys: ["r"], group: "help.write", run: () => page.reply(false) },
    {
      id: "replyAll",
      label: "do.replyAll",
      icon: "replyAll",
      keys: ["a"],
      group: "help.write",
      run: () => page.reply(true),
    },
    { id: "forward", label: "do.forward", icon: "forward", keys: ["f"], group: "help.write", run: page.forward },
    {
      id: "undo",
      label: "undo",
      icon: "undo",
      keys: ["z", "Control+z"],
      group: "help.message",
      run: () => {
        const { undo } = view;
        view.undo = undefined;
        undo?.();
        if (undo !== undefined) announce(t("announce.undone"));
      },
    },
    { id: "goInbox", label: "go.inbox", icon: "inbox", keys: ["g i"], group: "help.go", run: () => go(inbox) },
    {
      id: "goStarred",
      label: "go.starred",
      icon: "star",
      keys: ["g s"],
      group: "help.go",
      run: () => go(toSpecial("starred")),
    },
    {
      id: "goUnread",
      label: "go.unread",
      icon: "mail",
      keys: ["g u"],
      group: "help.go",
      run: () => go(toSpecial("unread")),
    },
    { id: "goDrafts", label: "go.drafts", icon: "draft", keys: ["g d"], group: "help.go", run: toRole("drafts") },
    { id: "goSent", label: "go.sent", icon: "send", keys: ["g t"], group: "help.go", run: toRole("sent") },
    { id: "goArchive", label: "go.archive", icon: "archive", keys: ["g a"], group: "help.go", run: toRole("archive") },
    { id: "goJunk", label: "go.junk", icon: "junk", keys: ["g j"], group: "help.go", run: toRole("junk") },
    {
      id: "goMailbox",
      label: "go.mailbox",
      icon: "folder",
      keys: ["g l"],
      group: "help.go",
      run: () => show({ kind: "go" }),
    },
    {
      id: "goContacts",
      label: "go.contacts",
      icon: "group",
      keys: ["g c"],
      group: "help.go",
      run: () => go({ view: "contacts", card: undefined }),
    },
    {
      id: "goSettings",
      label: "go.settings",
      icon: "settings",
      keys: ["g ,"],
      group: "help.go",
      run: () => go({ view: "settings", part: "" }),
    },
    {
      id: "newMailbox",
      label: "do.newMailbox",
      icon: "plus",
      group: "help.page",
      run: () => show({ kind: "mailbox", id: undefined, parent: null }),
    },
    {
      id: "palette",
      label: "do.palette",
      icon: "keyboard",
      keys: ["Control+k", "Meta+k"],
      group: "help.page",
      run: () => show({ kind: "palette" }),
    },
    { id: "help", label: "do.help", icon: "help", keys: ["?"], group: "help.page", run: () => show({ kind: "help" }) },
    { id: "theme", label: "do.theme", icon: "moon", group: "help.page", run: page.toggleTheme },
    { id: "signOut", label: "do.signOut", icon: "lock", group: "help.page", run: page.signOut },
  ];
}

const shownKeys: { readonly [key: string]: string } = {
  Control: "Ctrl",
  ArrowDown: "↓",
  ArrowUp: "↑",
  Escape: "Esc",
  Delete: "Del",
};

export const keyText = (keys: string): string =>
  keys
    .split(" ")
    .map((chord) =>
      chord
        .split("+")
        .map((part) => shownKeys[part] ?? part)
        .join("+"),
    )
    .join(" ");

export function paletteCommands(all: readonly Doing[]): readonly Command[] {
  return [
    ...all
      .filter(({ id }) => id !== "palette")
      .map(({ id, label, icon, keys, run }) => ({
        id,
        label: t(label),
        icon,
        keys: keys?.[0] === undefined ? undefined : keyText(keys[0]),
        run,
      })),
    ...sections().map(({ part, label }) => ({
      id: `settings ${part}`,
      label: `${t("go.settings")}: ${t(label)}`,
      icon: "settings" as const,
      run: () => go({ view: "settings", part }),
    })),
    ...[{ name: "", tree: mailboxes.tree }, ...mailboxes.shared].flatMap(({ name: owner, tree }) =>
      tree.map(({ mailbox }) => ({
        id: `to ${mailbox.id}`,
        label: `${t("go.to", { name: mailboxName(mailbox) })}${owner === "" ? "" : ` · ${owner}`}`,
        icon: "folder" as const,
        run: () => go(toMailbox(mailbox.id)),
      })),
    ),
  ];
}
