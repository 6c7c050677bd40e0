/** Copies of one email: kept as a template and recipes, made into messages when they are sent. */
import type { NamedAddress } from "../../protocol/mime/fields/write.ts";
import type { Mailbox } from "../../protocol/smtp/address.ts";
import type { Sender } from "../dispatch/sender.ts";
import type { Received } from "../receive/received.ts";
import type { ContentId, Instant, QueuedMessage, Store } from "../store/store.ts";
import type { Email } from "./email.ts";
import type { OwnTexts, Whose } from "./kept.ts";
import type { Variables } from "./personalise.ts";
import type { Writing } from "./writing.ts";

export type Recipe = {
  readonly id: string;
  readonly at: Instant;
  readonly messageId: string;
  readonly to: readonly NamedAddress[];
  readonly cc: readonly NamedAddress[];
  readonly recipients: readonly Mailbox[];
  readonly variables?: Variables | undefined;
  /** A letter with texts of its own, all put in: its template has none. */
  readonly own?: OwnTexts | undefined;
  /** `markOf` its template. */
  readonly of: string;
  /** Who handed it over. */
  readonly remote: string;
};

export const recipeBytes = (recipe: Recipe): Uint8Array => Buffer.from(JSON.stringify(recipe));

type Template = { readonly email: Email; readonly whose: Whose; readonly bytes: number };

/** Templates in memory, by their bytes together: one that is larger is read for each copy. */
const maxTemplateBytes = 32 * 1024 * 1024;

/** For the queue: the message of a recipe. Rejects where its template is gone. */
export function makeCopyMaker(ports: {
  readonly store: Pick<Store, "content">;
  readonly complete: (mail: Received & { readonly sending: Sender }, messageId: string) => Promise<Buffer>;
  readonly writing: Pick<Writing, "write" | "read">;
  readonly ourHost: string;
}): (message: QueuedMessage, recipe: Uint8Array) => Promise<Buffer> {
  const { writing } = ports;
  const templates = new Map<string, Promise<Template>>();
  let kept = 0;

  const read = async (content: ContentId, mark: string): Promise<Template> => {
    const bytes = await ports.store.content(content);
    const found = bytes === undefined ? undefined : await writing.read(bytes, mark);
    if (bytes === undefined || found === undefined)
      throw new Error(`the template ${content} is missing from the store`);
    return { ...found, bytes: bytes.length };
  };
  const templateOf = (content: ContentId, mark: string): Promise<Template> => {
    const found = templates.get(mark);
    if (found !== undefined) return found;
    const reading = read(content, mark);
    templates.set(mark, reading);
    reading.then(
      ({ bytes }) => {
        kept += bytes;
        if (kept <= maxTemplateBytes) return;
        templates.clear();
        kept = 0;
      },
      () => templates.delete(mark),
    );
    return reading;
  };

  return async (message, bytes) => {
    const recipe = JSON.parse(Buffer.from(bytes).toString("utf8")) as Recipe;
    const { email, whose } = await templateOf(message.template!, recipe.of);
    const { id, at, messageId, to, cc, recipients, variables, own, remote } = recipe;
    return ports.complete(
      {
        at,
        id,
        remote: { address: remote, port: 0 },
        remoteName: undefined,
        ourHost: ports.ourHost,
        helo: "",
        via: "API",
        tls: undefined,
        account: undefined,
        trusted: false,
        envelopeFrom: message.envelopeFrom,
        recipients: recipients.map((one) => ({ ...one, orcpt: undefined, notify: undefined })),
        body: message.body,
        smtputf8: message.smtputf8,
        requireTls: message.requireTls,
        ret: undefined,
        envid: undefined,
        notBefore: undefined,
        sending: { ...whose, lifetimeMs: undefined, park: undefined, rankOf: () => 1 },
        bytes: await writing.write({ ...email, ...own }, { to, cc, variables }, at, id),
      },
      messageId,
    );
  };
}
