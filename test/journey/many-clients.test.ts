/**
 * Clients of JMAP, IMAP and POP3 change one account at once, with every operation that changes mail; beside them others only follow.
 * In a round each has emails of its own, so that a small model knows what comes of it in whatever order they are served.
 */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { type DevProcess, startDev } from "../dev-process.ts";
import { seeded } from "../fuzz.ts";
import { type Any, JmapTalk } from "../jmap-talk.ts";
import { deleted, fetched, ImapFollower, JmapFollower, Model } from "../many-clients.ts";
import { imapSession, Wire } from "../wire.ts";

let dev: DevProcess;
before(async () => {
  dev = await startDev(["--users", "1", "--cleartext-auth"]);
});
after(() => dev.stop());

const user = "u1@example.test";
const rounds = Number(process.env["ANGARIUM_ROUNDS"] ?? 15);
const places = ["INBOX", "Archive", "Work"];
const keywords = ["$seen", "$flagged", "$answered", "$label", "work"];
const flagOf = (keyword: string): string =>
  keyword === deleted ? "\\Deleted" : /^\$(?:seen|flagged|answered)$/.test(keyword) ? `\\${keyword.slice(1)}` : keyword;

/** What was done to the model's emails when the client's operation is over. */
type Done = () => void;
type Random = (below: number) => number;
type Client = { readonly name: string; readonly step: (ids: readonly string[], random: Random) => Promise<Done> };

let serial = 0;
function letter(random: Random): string {
  serial++;
  const reply = random(2) === 0 ? `In-Reply-To: <many${1 + random(serial)}@x.test>\r\n` : "";
  return `Message-ID: <many${serial}@x.test>\r\n${reply}From: a@b.test\r\nSubject: Topic ${serial % 5}\r\n\r\nLetter ${serial}\r\n`;
}

const pick = <T>(list: readonly T[], random: Random): T => list[random(list.length)] as T;

function jmapClient(model: Model, me: JmapTalk, ids: ReadonlyMap<string, string>): Client["step"] {
  const idOf = (path: string): string => ids.get(path) as string;
  const set = async (update: Any): Promise<void> => {
    const { notUpdated } = await me.call("Email/set", { update });
    assert.equal(notUpdated, null);
  };
  return async ([id = "", other = ""], random) => {
    const shown = [...model.shown(id).keys()];
    const before = model.keywords(id);
    const one = pick(keywords, random);
    // Beside a copy that is \\Deleted JMAP would put a second one: the model has one of each.
    const free = places.filter((path) => model.copies(id).get(path)?.has(deleted) !== true);
    if (free.length === 0) return () => {};
    const place = pick(free, random);
    const change = async (patch: Any, after: ReadonlySet<string>, boxes: readonly string[]): Promise<Done> => {
      await set({ [id]: patch });
      return () => model.setByJmap(id, after, boxes);
    };
    if (shown.length === 0) {
      const { notFound } = await me.call("Email/get", { ids: [id], properties: ["id"] });
      assert.deepEqual(notFound, [id]);
      return () => {};
    }
    switch (random(10)) {
      case 0:
        return change({ [`keywords/${one}`]: true }, new Set([...before, one]), shown);
      case 1:
        return change({ [`keywords/${one}`]: null }, new Set([...before].filter((keyword) => keyword !== one)), shown);
      case 2:
        return change({ keywords: { [one]: true } }, new Set([one]), shown);
      case 3:
        await set({ [id]: { [`mailboxIds/${idOf(place)}`]: true } });
        return () => {
          if (!shown.includes(place)) model.copies(id).set(place, new Set(before));
        };
      case 4:
        return change({ mailboxIds: { [idOf(place)]: true }, [`keywords/${one}`]: true }, new Set([...before, one]), [
          place,
        ]);
      case 8:
        // Out of one mailbox, without a word of keywords.
        if (shown.length < 2) return () => {};
        return change({ [`mailboxIds/${idOf(shown[0] as string)}`]: null }, before, shown.slice(1));
      case 5: {
        // Two emails in one step.
        if (model.shown(other).size === 0) return () => {};
        const both = new Set([...model.keywords(other), one]);
        await set({ [id]: { [`keywords/${one}`]: true }, [other]: { [`keywords/${one}`]: true } });
        return () => {
          model.setByJmap(id, new Set([...before, one]), shown);
          model.setByJmap(other, both, model.shown(other).keys());
        };
      }
      case 6: {
        const { destroyed } = await me.call("Email/set", { destroy: [id] });
        assert.deepEqual(destroyed, [id]);
        return () => {
          for (const mailbox of shown) model.remove(id, mailbox);
        };
      }
      case 7: {
        const made = await me.import(letter(random), {
          mailboxIds: { [idOf(place)]: true },
          keywords: { [one]: true },
        });
        return () => model.add(made, place, [one]);
      }
      default: {
        // A mailbox of its own: made, filled, renamed, and gone with what is in it.
        const box = (await me.call("Mailbox/set", { create: { b: { name: `By JMAP ${id}` } } })).created.b.id;
        await set({ [id]: { mailboxIds: { [box]: true } } });
        const { updated } = await me.call("Mailbox/set", {
          update: { [box]: { name: `Renamed ${id}`, parentId: idOf("Work") } },
        });
        assert.ok(box in updated);
        const refused = await me.call("Mailbox/set", { destroy: [box] });
        assert.equal(refused.notDestroyed[box].type, "mailboxHasEmail");
        const { destroyed } = await me.call("Mailbox/set", { destroy: [box], onDestroyRemoveEmails: true });
        assert.deepEqual(destroyed, [box]);
        return () => {
          for (const mailbox of shown) model.remove(id, mailbox);
        };
      }
    }
  };
}

function imapClient(model: Model, wire: Wire): Client["step"] {
  const ok = async (command: string): Promise<string> => {
    const said = await wire.imap(command);
    assert.match(said, /^t OK/m, `${command}: ${said}`);
    return said;
  };
  return async ([id = ""], random) => {
    const from = pick([...model.copies(id).keys()], random);
    const flags = model.copies(id).get(from) as Set<string>;
    await ok(`SELECT "${from}"`);
    const uid = /\* SEARCH (\d+)/.exec(await ok(`UID SEARCH EMAILID ${id}`))?.[1];
    assert.ok(uid, `${id} is in ${from}`);
    const one = pick(keywords, random);
    const free = places.filter((place) => !model.copies(id).has(place));
    const mark = async (how: string, after: Iterable<string>): Promise<Done> => {
      await ok(`UID STORE ${uid} ${how}`);
      return () => model.copies(id).set(from, new Set(after));
    };
    switch (random(11)) {
      case 0:
        return mark(`+FLAGS (${flagOf(one)})`, [...flags, one]);
      case 1:
        return mark(
          `-FLAGS.SILENT (${flagOf(one)})`,
          [...flags].filter((flag) => flag !== one),
        );
      case 2:
        return mark(`FLAGS (${flagOf(one)} \\Flagged)`, [one, "$flagged"]);
      case 3: {
        // RFC 7162 §3.1.3: not if it has changed since.
        const said = await wire.imap(`UID STORE ${uid} (UNCHANGEDSINCE 1) +FLAGS (\\Draft)`);
        assert.match(said, new RegExp(`^t OK \\[MODIFIED ${uid}\\]`, "m"));
        const [now] = fetched(await ok(`UID FETCH ${uid} (UID MODSEQ)`));
        return mark(`(UNCHANGEDSINCE ${now?.modseq}) +FLAGS (${flagOf(one)})`, [...flags, one]);
      }
      case 4:
        if (free.length === 0) return () => {};
        await ok(`UID COPY ${uid} "${free[0]}"`);
        return () => model.copies(id).set(free[0] as string, new Set(flags));
      case 5:
        if (free.length === 0) return () => {};
        await ok(`UID MOVE ${uid} "${free[0]}"`);
        return () => {
          model.copies(id).set(free[0] as string, new Set(flags));
          model.remove(id, from);
        };
      case 6:
        return mark("+FLAGS (\\Deleted)", [...flags, deleted]);
      case 7:
        return mark(
          "-FLAGS (\\Deleted)",
          [...flags].filter((flag) => flag !== deleted),
        );
      case 8:
        await ok(`UID STORE ${uid} +FLAGS.SILENT (\\Deleted)`);
        await ok(`UID EXPUNGE ${uid}`);
        return () => model.remove(id, from);
      case 9: {
        const text = letter(random);
        const place = pick(places, random);
        await wire.ask(`t APPEND "${place}" (${flagOf(one)}) {${text.length}}\r\n`, /^\+|^t /);
        const answer = await wire.ask(`${text}\r\n`, /^t (?:OK|NO|BAD)/);
        const made = /APPENDUID \d+ (\d+)/.exec(answer)?.[1];
        await ok(`SELECT "${place}"`);
        const [{ id: fresh = "" } = {}] = fetched(await ok(`UID FETCH ${made} (EMAILID)`));
        return () => model.add(fresh, place, [one]);
      }
      default: {
        await ok(`CREATE "By IMAP ${id}"`);
        await ok(`UID MOVE ${uid} "By IMAP ${id}"`);
        await ok(`RENAME "By IMAP ${id}" "Archive/Renamed ${id}"`);
        await ok(`DELETE "Archive/Renamed ${id}"`);
        return () => model.remove(id, from);
      }
    }
  };
}

/** Takes one message out of the inbox, as POP3 does: by number, and at the end of the session. */
function popClient(model: Model, lookUp: Wire, port: number): Client["step"] {
  return async (ids, random) => {
    const id = ids.find((one) => model.copies(one).has("INBOX") && !model.copies(one).get("INBOX")?.has(deleted));
    if (id === undefined) return () => {};
    await lookUp.imap("NOOP");
    const uid = /\* SEARCH (\d+)/.exec(await lookUp.imap(`UID SEARCH EMAILID ${id}`))?.[1];
    const wire = await Wire.open(port);
    try {
      await wire.until(/^\+OK/);
      await wire.ask(`USER ${user}\r\n`, /^\+OK/);
      await wire.ask("PASS pw\r\n", /^\+OK/);
      const list = await wire.ask("UIDL\r\n", /^\.$/);
      const number = new RegExp(`^(\\d+) \\S*?\\b0*${uid}\\r$`, "m").exec(list)?.[1];
      assert.ok(number, `UID ${uid} in ${list}`);
      await wire.ask(`RETR ${number}\r\n`, /^\.$/);
      await wire.ask(`DELE ${number}\r\n`, /^\+OK/);
      // Whoever says RSET has taken nothing.
      const keep = random(3) === 0;
      if (keep) await wire.ask("RSET\r\n", /^\+OK/);
      await wire.ask("QUIT\r\n", /^\+OK/);
      // What was retrieved has been read.
      return keep ? () => model.copies(id).get("INBOX")?.add("$seen") : () => model.remove(id, "INBOX");
    } finally {
      wire.close();
    }
  };
}

test("JMAP, IMAP and POP3 at once against a model; followers know the truth", { timeout: 300_000 }, async () => {
  const seed = Number(process.env["ANGARIUM_SEED"] ?? 5);
  const random = seeded(seed);
  const { ports } = dev.ready;
  const jmap = (): Promise<JmapTalk> => new JmapTalk(`http://127.0.0.1:${ports["http"]}`, user, "pw").open();
  const imap = (): Promise<Wire> => imapSession(ports["imap"] as number, user);
  const me = await jmap();
  await me.call("Mailbox/set", { create: { w: { name: "Work" } } });
  const ids = new Map<string, string>();
  for (const box of (await me.call("Mailbox/get", { ids: null })).list)
    ids.set(box.role === "inbox" ? "INBOX" : box.name, box.id);
  const model = new Model();
  for (const path of ids.keys()) model.mailboxes.add(path);
  for (let n = 0; n < 50; n++) {
    const place = pick(places, random);
    model.add(await me.import(letter(random), { mailboxIds: { [ids.get(place) as string]: true } }), place);
  }

  const inbox = ids.get("INBOX") as string;
  const near = await JmapFollower.open(await jmap(), inbox, 3);
  const far = await JmapFollower.open(await jmap(), inbox, 500);
  const [live, ...resyncing] = await Promise.all([
    ImapFollower.open(await imap(), "INBOX", "live"),
    ...places.map(async (place) => [place, await ImapFollower.open(await imap(), place, "resync")] as const),
  ]);
  const clients: Client[] = [];
  for (const n of [1, 2, 3]) {
    clients.push({ name: `jmap ${n}`, step: jmapClient(model, await jmap(), ids) });
    clients.push({ name: `imap ${n}`, step: imapClient(model, await imap()) });
  }
  clients.push({ name: "pop3", step: popClient(model, await imap(), ports["pop3"] as number) });

  for (let round = 0; round < rounds; round++) {
    const deal = [...model.emails.keys()].sort(() => random(3) - 1);
    const done = await Promise.all([
      ...clients.map(({ step, name }, at) =>
        step(deal.slice(at * 2, at * 2 + 2), seeded(seed + round * 100 + at)).catch((error) => {
          throw new Error(`${name} in round ${round} (seed ${seed})`, { cause: error });
        }),
      ),
      near.catchUp().then(() => () => {}),
    ]);
    for (const one of done) one();
    const where = `round ${round}, seed ${seed}`;
    const followers = round % 6 === 5 || round === rounds - 1 ? [near, far] : [near];
    for (const follower of followers) {
      await follower.catchUp();
      assert.deepEqual(follower.emails(), model.asJmap(), `emails by /changes, ${where}`);
      assert.deepEqual(
        follower.counts(),
        [...model.mailboxes].map((path) => model.counts(path)).sort(),
        `mailboxes by /changes, ${where}`,
      );
      assert.deepEqual(...follower.threads(), `threads by /changes, ${where}`);
      assert.deepEqual(...(await follower.query()), `a query by /queryChanges, ${where}`);
    }
    await live.catchUp();
    assert.deepEqual(live.lines(), model.asImap("INBOX"), `a session in INBOX, ${where}`);
    for (const [place, follower] of round % 4 === 3 || round === rounds - 1 ? resyncing : []) {
      await follower.catchUp();
      assert.deepEqual(follower.lines(), model.asImap(place), `${place} by QRESYNC, ${where}`);
    }
  }
  // Who comes new sees the same.
  const fresh = await JmapFollower.open(await jmap(), inbox, 10);
  assert.deepEqual(fresh.emails(), model.asJmap());
});
