/** Answers requests that only read from what is kept on this device (RFC 8620 §3.7 for references between calls). */
import type { Answer, Call } from "../jmap/client.ts";
import { Trouble } from "../jmap/trouble.ts";
import type { Email, Filter, Id } from "../jmap/types.ts";
import type { Comparator } from "../state/list.svelte.ts";
import type { Kept } from "./kept.ts";
import { answeredHere } from "./local.ts";
import { queryHere, threadsOf, wantsWords } from "./match.ts";

type Args = { readonly [name: string]: unknown };

/** Answers of these are remembered whole: they change seldom and are asked for at every start. */
const remembered = new Set([
  "Identity/get",
  "Identity/onBehalf",
  "AddressBook/get",
  "ContactCard/query",
  "ContactCard/get",
  "Quota/get",
  "VacationResponse/get",
]);
const maxRememberedChars = 2_000_000;
const rememberedName = (calls: readonly Call[]) => `answer ${JSON.stringify(calls)}`;
const isRemembered = (calls: readonly Call[]) => calls.every(([method]) => remembered.has(method));

const here = new Set(["Email/query", "Email/get", "Thread/get", "Mailbox/get", "SearchSnippet/get"]);

/** RFC 8620 §3.7: a JSON pointer, * for every element of an array. */
function pointed(value: unknown, path: readonly string[]): unknown {
  const [step, ...rest] = path;
  if (step === undefined) return value;
  if (step === "*") return (value as unknown[]).flatMap((each) => pointed(each, rest));
  return pointed((value as Args | undefined)?.[step], rest);
}

function resolved(args: Args, answers: ReadonlyMap<string, Answer>): Args {
  return Object.fromEntries(
    Object.entries(args).map(([name, value]) => {
      if (!name.startsWith("#")) return [name, value];
      const { resultOf, path } = value as { resultOf: string; path: string };
      const found = pointed(answers.get(resultOf), path.split("/").slice(1)) as readonly string[];
      return [name.slice(1), [...new Set(found)]];
    }),
  );
}

const bodyOnly = ["bodyValues", "headers", "htmlBody", "textBody", "attachments", "references", "inReplyTo", "replyTo"];

async function get(kept: Kept, ids: readonly Id[], properties: readonly string[] | undefined): Promise<Answer> {
  const whole = properties === undefined || properties.some((name) => bodyOnly.includes(name));
  const found = await Promise.all(ids.map(async (id) => (whole ? await kept.email(id) : kept.heads.get(id))));
  return {
    list: found.filter((one) => one !== undefined),
    notFound: ids.filter((_id, i) => found[i] === undefined),
    state: answeredHere,
  };
}

const textOf = (email: Email): string =>
  Object.values(email.bodyValues)
    .map(({ value }) => value.replace(/<style[\s\S]*?(?:<\/style>|$)|<[^<>]*>/gi, " "))
    .join(" ");

async function query(kept: Kept, args: Args): Promise<Answer> {
  const filter = (args["filter"] ?? {}) as Filter;
  const words = new Map<Id, string>();
  if (wantsWords(filter)) for (const email of await kept.db.getAll("bodies")) words.set(email.id, textOf(email));
  const found = queryHere(
    [...kept.heads.values()],
    {
      filter,
      collapseThreads: args["collapseThreads"] === true,
      ...(args["sort"] === undefined ? {} : { sort: args["sort"] as Comparator[] }),
    },
    (id) => words.get(id) ?? "",
  );
  const position = Number(args["position"] ?? 0);
  const limit = Number(args["limit"] ?? found.length);
  return { ids: found.slice(position, position + limit), position, total: found.length, queryState: answeredHere };
}

async function one(kept: Kept, method: string, args: Args): Promise<Answer> {
  const ids = args["ids"] as readonly Id[] | null | undefined;
  switch (method) {
    case "Email/query":
      return query(kept, args);
    case "Email/get":
      return get(kept, ids ?? [], args["properties"] as readonly string[] | undefined);
    case "Thread/get": {
      const threads = threadsOf([...kept.heads.values()]);
      const list = (ids ?? []).flatMap((id) => {
        const emails = threads.get(id);
        return emails === undefined ? [] : [{ id, emailIds: emails.map((email) => email.id) }];
      });
      return { list, notFound: [], state: answeredHere };
    }
    case "Mailbox/get": {
      const list = await kept.mailboxes();
      if (list === undefined) throw new Trouble("away");
      return {
        list: ids == null ? list : list.filter(({ id }) => ids.includes(id)),
        notFound: [],
        state: answeredHere,
      };
    }
    default:
      return { list: [], notFound: [] };
  }
}

/** Throws Trouble "away" where it is not kept. */
export async function answerHere(kept: Kept, calls: readonly Call[]): Promise<ReadonlyMap<string, Answer>> {
  if (isRemembered(calls)) {
    const before = await kept.fact<readonly (readonly [string, Answer])[]>(rememberedName(calls));
    if (before !== undefined) return new Map(before);
  }
  if (!calls.every(([method]) => here.has(method))) throw new Trouble("away");
  const answers = new Map<string, Answer>();
  for (const [i, [method, args, id]] of calls.entries())
    answers.set(id ?? String(i), await one(kept, method, resolved(args, answers)));
  return answers;
}

/** Remembers what the server has answered, as far as it is wanted without it. */
export async function learnAnswers(
  kept: Kept,
  calls: readonly Call[],
  answers: ReadonlyMap<string, Answer>,
): Promise<void> {
  if (isRemembered(calls)) {
    const whole = [...answers];
    if (JSON.stringify(whole).length <= maxRememberedChars) await kept.putFact(rememberedName(calls), whole);
    return;
  }
  for (const [i, [method, args, id]] of calls.entries()) {
    const answer = answers.get(id ?? String(i));
    if (method === "Mailbox/get" && args["ids"] === null) await kept.putFact("mailboxes", answer.list);
    if (method !== "Email/get") continue;
    const list = answer.list as Email[];
    if ((args["properties"] as readonly string[] | undefined)?.includes("bodyValues")) await kept.put(list);
    else {
      const changed = list.filter((each) => {
        const before = kept.heads.get(each.id);
        return (
          before !== undefined &&
          each.keywords !== undefined &&
          each.mailboxIds !== undefined &&
          JSON.stringify([before.keywords, before.mailboxIds]) !== JSON.stringify([each.keywords, each.mailboxIds])
        );
      });
      if (changed.length > 0) await kept.mark(changed.map((each) => [each.id, each]));
    }
  }
}
