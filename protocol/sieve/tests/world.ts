/** Tests about the world around the message: environment, mailboxes, annotations, spam and viruses, duplicates, notification methods. */
import type { TestRule } from "../compiler.ts";
import { parseMailto } from "../mailto.ts";
import { matcherOf, matchTags } from "../matcher.ts";
import type { Run } from "../run.ts";

/** How long a duplicate is remembered where the script does not say (RFC 7352 §3), and at most. */
const defaultDuplicateSeconds = 7 * 86_400;
const maxDuplicateSeconds = 90 * 86_400;

const mailboxTest = (needs: string, exists: (run: Run, name: string) => boolean): TestRule => ({
  needs,
  compile: (node, c) => {
    const args = c.take(node, { positional: ["strings"] });
    const names = c.texts(args.positional[0]);
    return (run) =>
      names(run).every((name) => {
        run.spend(1);
        return exists(run, name);
      });
  },
});

/** RFC 5235 §2.3: 1 (surely clean) … 10 (surely spam), 0 for not tested. */
function spamValue(percent: number | undefined): number {
  return percent === undefined ? 0 : Math.min(10, Math.max(1, Math.ceil(percent / 10)));
}

export const worldTests: { readonly [name: string]: TestRule } = {
  environment: {
    needs: "environment",
    compile: (node, c) => {
      const args = c.take(node, { tags: matchTags, positional: ["string", "strings"] });
      const name = c.text(args.positional[0]);
      const matches = matcherOf(c, args, args.positional[1]);
      return (run) => {
        const item = name(run).toLowerCase();
        const value = Object.hasOwn(run.world.environment, item) ? run.world.environment[item] : undefined;
        return value !== undefined && matches(run, [value]);
      };
    },
  },
  mailboxexists: mailboxTest("mailbox", (run, name) => run.world.mailboxExists(name)),
  mailboxidexists: mailboxTest("mailboxid", (run, id) => run.world.mailboxIdExists(id)),
  specialuse_exists: {
    needs: "special-use",
    compile: (node, c) => {
      const args = c.take(node, { positional: ["string", "strings"], optional: 1 });
      const mailbox = c.optionalText(args.positional[0]);
      const uses = c.texts(args.positional[1]);
      return (run) => uses(run).every((use) => run.world.specialUseExists(mailbox?.(run), use));
    },
  },
  metadata: {
    needs: "mboxmetadata",
    compile: (node, c) => {
      const args = c.take(node, { tags: matchTags, positional: ["string", "string", "strings"] });
      const mailbox = c.text(args.positional[0]);
      const entry = c.text(args.positional[1]);
      const matches = matcherOf(c, args, args.positional[2]);
      return (run) => {
        const value = run.world.metadata(mailbox(run), entry(run));
        return value !== undefined && matches(run, [value]);
      };
    },
  },
  metadataexists: {
    needs: "mboxmetadata",
    compile: (node, c) => {
      const args = c.take(node, { positional: ["string", "strings"] });
      const mailbox = c.text(args.positional[0]);
      const entries = c.texts(args.positional[1]);
      return (run) => entries(run).every((entry) => run.world.metadata(mailbox(run), entry) !== undefined);
    },
  },
  servermetadata: {
    needs: "servermetadata",
    compile: (node, c) => {
      const args = c.take(node, { tags: matchTags, positional: ["string", "strings"] });
      const entry = c.text(args.positional[0]);
      const matches = matcherOf(c, args, args.positional[1]);
      return (run) => {
        const value = run.world.metadata(undefined, entry(run));
        return value !== undefined && matches(run, [value]);
      };
    },
  },
  servermetadataexists: {
    needs: "servermetadata",
    compile: (node, c) => {
      const args = c.take(node, { positional: ["strings"] });
      const entries = c.texts(args.positional[0]);
      return (run) => entries(run).every((entry) => run.world.metadata(undefined, entry) !== undefined);
    },
  },
  spamtest: {
    needs: "spamtest",
    compile: (node, c) => {
      const args = c.take(node, {
        tags: { ...matchTags, percent: { needs: "spamtestplus" } },
        positional: ["string"],
      });
      const percent = args.tags.has("percent");
      const counts = args.tags.has("count");
      const matches = matcherOf(c, args, args.positional[0]);
      return (run) => {
        const { spamPercent } = run.world;
        // RFC 5235 §2.3.1: a :count is 0 where nothing was tested.
        if (spamPercent === undefined && counts) return matches(run, []);
        const value = percent ? Math.round(spamPercent ?? 0) : spamValue(spamPercent);
        return matches(run, [String(value)]);
      };
    },
  },
  virustest: {
    needs: "virustest",
    compile: (node, c) => {
      const args = c.take(node, { tags: matchTags, positional: ["string"] });
      const counts = args.tags.has("count");
      const matches = matcherOf(c, args, args.positional[0]);
      return (run) => {
        const { virus } = run.world;
        return matches(run, virus === undefined && counts ? [] : [String(virus ?? 0)]);
      };
    },
  },
  duplicate: {
    needs: "duplicate",
    compile: (node, c) => {
      const args = c.take(node, {
        tags: {
          handle: { value: "string" },
          header: { value: "string", group: "unique" },
          uniqueid: { value: "string", group: "unique" },
          seconds: { value: "number" },
          last: {},
        },
      });
      const handle = c.optionalText(args.tags.get("handle"));
      const header = c.optionalText(args.tags.get("header"));
      const unique = c.optionalText(args.tags.get("uniqueid"));
      const seconds = args.tags.get("seconds");
      const period = Math.min(
        seconds?.kind === "number" ? seconds.value : defaultDuplicateSeconds,
        maxDuplicateSeconds,
      );
      const last = args.tags.has("last");
      return (run) => {
        const id = unique?.(run) ?? run.message.values((header?.(run) ?? "message-id").toLowerCase())[0];
        if (id === undefined || id === "") return false;
        const key = JSON.stringify([handle?.(run) ?? "", id]);
        const known = run.world.isDuplicate(key);
        // RFC 7352 §3: with :last the period begins anew with each duplicate.
        if (!known || last) run.duplicates.push({ key, seconds: period });
        return known;
      };
    },
  },
  valid_notify_method: {
    needs: "enotify",
    compile: (node, c) => {
      const args = c.take(node, { positional: ["strings"] });
      const uris = c.texts(args.positional[0]);
      return (run) => uris(run).every((uri) => parseMailto(uri) !== undefined);
    },
  },
  notify_method_capability: {
    needs: "enotify",
    compile: (node, c) => {
      const args = c.take(node, { tags: matchTags, positional: ["string", "string", "strings"] });
      const uri = c.text(args.positional[0]);
      const capability = c.text(args.positional[1]);
      const matches = matcherOf(c, args, args.positional[2]);
      // RFC 5436 §2.4: nobody knows whether a mailbox is being read.
      return (run) =>
        parseMailto(uri(run)) !== undefined && capability(run).toLowerCase() === "online" && matches(run, ["maybe"]);
    },
  },
};
