/** What can be done over the API can be done by a command: each path that changes something names the one that does the same, or why there is none. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { commands } from "../server/admin/commands.ts";
import { loadRoutes } from "../server/api/load.ts";

const own = "what a person does for themselves, signed in";
const mail = "mail itself: SMTP and LMTP are there for programs without HTTP";
/** By the path's beginning, the longest first that fits; several commands where verbs differ. */
const counterparts: { readonly [path: string]: readonly string[] | { readonly none: string } } = {
  "/abuse/strikes": ["strike add", "strike list", "strike lift"],
  "/abuse/tickets": ["abuse list", "abuse show", "abuse set", "abuse uphold"],
  "/accounts": [
    "account add",
    "account show",
    "account quota",
    "account role",
    "account disable",
    "account rename",
    "account remove",
  ],
  "/accounts/import": ["account import"],
  "/accounts/{account}/app-passwords": ["app-password add", "app-password remove", "limit set"],
  "/accounts/{account}/filter": ["filter set", "filter allow", "filter block"],
  "/accounts/{account}/imports": ["import imap"],
  "/accounts/{account}/passkeys": { none: own },
  "/accounts/{account}/passkeys/{number}": ["passkey remove"],
  "/accounts/{account}/hand-over": ["account hand-over"],
  "/accounts/{account}/lock": ["account lock"],
  "/accounts/{account}/password": ["account password"],
  "/accounts/{account}/recovery-codes": ["recovery-codes new"],
  "/accounts/{account}/second-factor": ["second-factor begin", "second-factor confirm", "second-factor remove"],
  "/accounts/{account}/sending-limits": ["limit show", "limit set"],
  "/accounts/{account}/sessions": ["session list", "session end"],
  "/accounts/{account}/shares": ["share add", "share list", "share remove"],
  "/accounts/{account}/tokens": ["token add", "token remove"],
  "/administrators": ["administrator add", "administrator list", "administrator remove"],
  "/aliases": ["alias add", "alias list", "alias remove"],
  "/archives": ["import domain"],
  "/backups": ["backup"],
  "/bans": ["ban add", "ban lift"],
  "/deletions": ["deletion list", "deletion undo", "deletion purge"],
  "/domains": ["domain add", "domain set", "domain remove", "domain give"],
  "/domains/{domain}/attachments": ["attachments set"],
  "/domains/{domain}/dns": ["domain check", "domain zone", "domain publish"],
  "/domains/{domain}/filter": ["filter set"],
  "/domains/{domain}/sending-limits": ["limit set"],
  "/emails": { none: mail },
  "/exports": ["export"],
  "/groups": ["group add", "group remove"],
  "/imports": ["import run", "import stop", "import remove"],
  "/invitations": ["invite add", "invite remove"],
  "/lists": ["list add", "list change", "list remove"],
  "/lists/{list}/digest": ["list-post digest"],
  "/lists/{list}/held": ["list-post approve", "list-post reject"],
  "/lists/{list}/members": ["list-member add", "list-member remove", "list-member resume"],
  "/lists/{list}/membership": { none: own },
  "/lists/{list}/requests": ["list-request list", "list-request approve", "list-request reject"],
  "/masked-addresses": ["masked add", "masked on", "masked off", "masked remove"],
  "/messages": { none: mail },
  "/quarantine": ["quarantine release", "quarantine report", "quarantine delete"],
  "/queue": ["queue retry", "queue hold", "queue release", "queue bounce", "queue delete"],
  "/sending/campaigns": ["campaign add", "campaign set", "campaign remove"],
  "/sending/domains": ["sending domain add", "sending domain set", "sending domain remove"],
  "/sending/flooded": ["flooded list", "flooded lift"],
  "/sending/feedback": ["sending postmaster", "sending snds"],
  "/sending/feeds": ["sending feed add", "sending feed ask", "sending feed remove"],
  "/sending/own": ["campaign add"],
  "/sending/pools": ["pool add", "pool set", "pool remove"],
  "/sending/requirements": ["sending requirements"],
  "/sending/seed-probes": ["seed probe add", "seed probe set", "seed probe remove", "seed probe run"],
  "/sending/seed-runs": ["seed look"],
  "/sending/seeds": ["seed add", "seed set", "seed try", "seed remove"],
  "/sending/sources": ["source add", "source set", "source remove"],
  "/sending/streams": ["stream add", "stream set", "stream remove"],
  "/sending/tenants": ["sending tenant add", "sending tenant set", "sending tenant remove"],
  "/sending/throttles": ["shaping release"],
  "/sending/warmups": ["warmup resume", "warmup pause", "warmup assert"],
  "/settings": ["setting set", "route set", "outgoing hold", "outgoing release"],
  "/sign-in/ldap/sync": ["ldap sync"],
  "/sign-in": { none: "looks at what is configured and changes nothing" },
  "/stopped-senders": ["limit stopped", "limit freeze", "limit release"],
  "/suppressions": ["suppression add", "suppression remove"],
  "/templates": ["template put", "template publish", "template preview", "template remove"],
  "/tenants": ["tenant add", "tenant set", "tenant remove"],
  "/tenants/{tenant}/attachments": ["attachments set"],
  "/tenants/{tenant}/sending-limits": ["limit set"],
  "/tenants/{tenant}/filter": ["filter set"],
  "/webhooks": ["webhook add", "webhook set", "webhook rotate", "webhook remove", "webhook replay"],
};

test("whatever the API changes, a command changes too", async () => {
  const used = new Set<string>();
  const places = Object.keys(counterparts).sort((one, other) => other.length - one.length);
  for (const { method, path } of (await loadRoutes()).all) {
    if (method === "GET") continue;
    const place = places.find((one) => path === one || path.startsWith(`${one}/`));
    assert.ok(place !== undefined, `say which command does what ${method} ${path} does`);
    used.add(place);
  }
  assert.deepEqual(
    places.filter((one) => !used.has(one)),
    [],
    "nothing is at these paths",
  );
});

test("those commands are there", () => {
  for (const [path, names] of Object.entries(counterparts))
    if (Array.isArray(names))
      for (const one of names)
        assert.ok(
          commands.some(({ name }) => name === one),
          `${path}: ${one}`,
        );
});
