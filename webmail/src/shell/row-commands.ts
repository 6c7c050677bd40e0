/** What can be done with the chosen conversations, or with the one that is open. */
import { archive, junk, mark, remove, star, toggleKeyword } from "../state/actions.svelte.ts";
import { go, withThread } from "../state/route.svelte.ts";
import { view } from "../state/view.svelte.ts";
import { t } from "../words.ts";
import { type Panel, show } from "./panels.svelte.ts";

export type RowCommands = {
  readonly archive: () => void;
  readonly remove: () => void;
  readonly junk: (is: boolean) => void;
  readonly unread: () => void;
  readonly read: () => void;
  readonly star: () => void;
  readonly pin: () => void;
  readonly mute: () => void;
  readonly move: () => void;
  readonly label: () => void;
  readonly snooze: () => void;
};

export function rowCommands(): RowCommands {
  const some = (work: (what: ReturnType<typeof view.targets>) => unknown) => () => {
    const what = view.targets();
    if (what.rows.size > 0) work(what);
  };
  const asking = (panel: Panel) => some(() => show(panel));
  return {
    archive: some(archive),
    remove: some(remove),
    junk: (is) => some((what) => junk(what, is))(),
    unread: some((what) => {
      void mark(what, false);
      // An open conversation would be read again at once. It is closed now: when the server has answered another may be open.
      if (view.openRow !== undefined && what.rows.has(view.openRow)) go(withThread(undefined));
    }),
    read: some((what) => mark(what, true)),
    star: some(({ emails }) => star(emails)),
    pin: some(({ emails }) => toggleKeyword(emails, "$pinned", { on: t("done.pinned"), off: t("done.unpinned") })),
    mute: some(({ emails }) => toggleKeyword(emails, "$muted", { on: t("done.muted"), off: t("done.unmuted") })),
    move: asking({ kind: "move" }),
    label: asking({ kind: "label" }),
    snooze: asking({ kind: "snooze" }),
  };
}
