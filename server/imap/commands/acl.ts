/** SETACL, DELETEACL, GETACL, LISTRIGHTS, MYRIGHTS: RFC 4314 §3. */

import type { Command } from "../../../protocol/imap/command.ts";
import { aclLine, listRightsLine, myRightsLine } from "../../../protocol/imap/response.ts";
import { allRights, parseRights, shownRights, withoutRights, withRights } from "../../../protocol/imap/rights.ts";
import type { ShareChange } from "../../access/share-change.ts";
import type { Account, Store } from "../../store/store.ts";
import { type Answer, bad, no, noSuchMailbox, notAllowed, ok } from "../answer.ts";
import { findPlace, may, type Place, type PlaceStore } from "../names.ts";
import type { Session } from "../session.ts";

export type ShareTold = {
  /** Tells the grantee. */
  readonly shared: (change: ShareChange) => Promise<void>;
};

type Ask = ShareTold & {
  readonly store: PlaceStore & Pick<Store, "accounts" | "mailboxRights" | "setMailboxRights">;
};

type AclCommand = Extract<Command, { name: "SETACL" | "DELETEACL" | "LISTRIGHTS" }>;

const noSuchUser = no(undefined, "Nobody of that name to share with");

export async function setAcl(session: Session, command: AclCommand, ask: Ask): Promise<Answer> {
  const place = await administered(session, command.mailbox, ask);
  if ("status" in place) return place;
  const owner = await ownerOf(ask.store, place);
  if (command.name === "LISTRIGHTS") {
    // RFC 4314 §3.7: the owner always has all; anybody else has none by themselves, and each right stands alone.
    const isOwner = command.identifier === owner?.name;
    session.out.text(
      listRightsLine(
        command.mailbox,
        session.utf8,
        command.identifier,
        isOwner ? allRights : "",
        isOwner ? "" : allRights,
      ),
    );
    return ok("LISTRIGHTS completed");
  }
  const grantee = await granteeOf(ask.store, command.identifier, session.user);
  if (grantee === undefined) return noSuchUser;
  if (grantee.id === place.account) return no("CANNOT", "The owner of a mailbox keeps all rights");
  const rights = "rights" in command ? await changed(command.rights, place, grantee, ask.store) : "";
  if (rights === undefined) return bad("Unknown right");
  const done = await ask.store.setMailboxRights(place.account, place.mailbox.id, grantee.id, rights);
  switch (done.kind) {
    case "no-mailbox":
      return noSuchMailbox;
    case "no-account":
      return noSuchUser;
    case "too-many":
      return no("LIMIT", "The mailbox is shared with as many as it may be");
    case "done":
      if (done.before !== rights)
        await ask.shared({
          by: session.user,
          owner: place.account,
          mailbox: place.mailbox.id,
          grantee: grantee.id,
          before: done.before,
          after: rights,
          via: "imap",
        });
      return ok(`${command.name} completed`);
    default:
      return done satisfies never;
  }
}

/** RFC 4314 §3.1: "+" adds, "-" takes away, else they are replaced. Undefined where a letter is no right. */
async function changed(
  asked: string,
  place: Place,
  grantee: Account,
  store: Pick<Store, "mailboxRights">,
): Promise<string | undefined> {
  const sign = /^[+-]/.exec(asked)?.[0] ?? "";
  const given = parseRights(asked.slice(sign.length));
  if (given === undefined || sign === "") return given;
  const before =
    (await store.mailboxRights(place.account)).find(
      (one) => one.mailbox === place.mailbox.id && one.grantee === grantee.id,
    )?.rights ?? "";
  return sign === "+" ? withRights(before, given) : withoutRights(before, given);
}

export async function getAcl(session: Session, path: string, ask: Ask): Promise<Answer> {
  const place = await administered(session, path, ask);
  if ("status" in place) return place;
  const owner = await ownerOf(ask.store, place);
  const granted = (await ask.store.mailboxRights(place.account)).filter((one) => one.mailbox === place.mailbox.id);
  session.out.text(
    aclLine(path, session.utf8, [
      ...(owner === undefined ? [] : [[owner.name, shownRights(allRights)] as const]),
      ...granted.map(({ granteeName, rights }) => [granteeName, shownRights(rights)] as const),
    ]),
  );
  return ok("GETACL completed");
}

export async function myRights(session: Session, path: string, { store }: Pick<Ask, "store">): Promise<Answer> {
  const place = await findPlace(store, session.user, path);
  if (place === undefined) return noSuchMailbox;
  session.out.text(myRightsLine(path, session.utf8, shownRights(place.rights)));
  return ok("MYRIGHTS completed");
}

async function administered(session: Session, path: string, { store }: Ask): Promise<Place | Answer> {
  const place = await findPlace(store, session.user, path);
  if (place === undefined) return noSuchMailbox;
  return may(place, "a") ? place : notAllowed;
}

async function ownerOf(store: Pick<Store, "accounts">, place: Place): Promise<Account | undefined> {
  return (await store.accounts({ id: place.account }))[0];
}

const domainOf = (name: string): string => name.slice(name.lastIndexOf("@") + 1);

/** People of one's own domain, by the name they log in with. */
async function granteeOf(store: Pick<Store, "accounts">, name: string, user: Account): Promise<Account | undefined> {
  const [found] = await store.accounts({ name: name.toLowerCase() });
  return found === undefined || found.disabled || domainOf(found.name) !== domainOf(user.name) ? undefined : found;
}
