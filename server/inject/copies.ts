/** Copies of one email: kept as a template and recipes, made into messages when they are sent. */
import { createHash } from "node:crypto";
import type { NamedAddress } from "../../protocol/mime/fields/write.ts";
import type { Mailbox } from "../../protocol/smtp/address.ts";
import type { Sender } from "../dispatch/sender.ts";
import type { Received } from "../receive/received.ts";
import type { ContentId, Instant, QueuedMessage, Store } from "../store/store.ts";
import { type Email, writeEmail } from "./email.ts";
import type { Variables } from "./personalise.ts";

/** Whose mail it is, as far as its fields say so. */
type Whose = Pick<Sender, "tenant" | "stream" | "marketing" | "campaign" | "list" | "author" | "tracking">;

/** JSON. Optional parts that are undefined are left out, so that the same email makes the same bytes. */
type KeptTemplate = {
  readonly email: Omit<Email, "attachments"> & { readonly attachments: readonly KeptAttachment[] };
} & {
  readonly whose: Whose;
};
type KeptAttachment = Omit<Email["attachments"][number], "bytes"> & { readonly base64: string };

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

export type OwnTexts = Pick<Email, "subject" | "text" | "html" | "replyTo" | "headers">;

export function templateBytes(email: Email, whose: Whose): Uint8Array {
  const { tenant, stream, marketing, campaign, list, author, tracking } = whose;
  const attachments = email.attachments.map(
    ({ bytes, ...rest }): KeptAttachment => ({ ...rest, base64: Buffer.from(bytes).toString("base64") }),
  );
  const kept: KeptTemplate = {
    email: { ...email, attachments },
    whose: { tenant, stream, marketing, campaign, list, author, tracking },
  };
  return Buffer.from(JSON.stringify(kept));
}

export const recipeBytes = (recipe: Recipe): Uint8Array => Buffer.from(JSON.stringify(recipe));

/** Says which template a recipe is for: numbers of contents may come again. */
export const markOf = (template: Uint8Array): string =>
  createHash("sha256").update(template).digest("base64url").slice(0, 16);

/** The boundaries of one message: the same each time it is made, and nobody who knows its texts knows them before. */
export function boundariesOf(id: string): () => string {
  let count = 0;
  return () => `=_${createHash("sha256").update(`${id} ${++count}`).digest("hex").slice(0, 24)}`;
}

type Template = { readonly email: Email; readonly whose: Whose; readonly bytes: number };

function readTemplate(bytes: Uint8Array): Template {
  const { email, whose } = JSON.parse(Buffer.from(bytes).toString("utf8")) as KeptTemplate;
  const attachments = email.attachments.map(({ base64, ...rest }) => ({
    ...rest,
    bytes: Buffer.from(base64, "base64"),
  }));
  return { email: { ...email, attachments }, whose, bytes: bytes.length };
}

/** Templates in memory, by their bytes together: one that is larger is read for each copy. */
const maxTemplateBytes = 32 * 1024 * 1024;

/** For the queue: the message of a recipe. Rejects where its template is gone. */
export function makeCopyMaker(ports: {
  readonly store: Pick<Store, "content">;
  readonly complete: (mail: Received & { readonly sending: Sender }, messageId: string) => Promise<Buffer>;
  readonly ourHost: string;
}): (message: QueuedMessage, recipe: Uint8Array) => Promise<Buffer> {
  const templates = new Map<string, Promise<Template>>();
  let kept = 0;

  const read = async (content: ContentId, mark: string): Promise<Template> => {
    const bytes = await ports.store.content(content);
    if (bytes === undefined || markOf(bytes) !== mark)
      throw new Error(`the template ${content} is missing from the store`);
    return readTemplate(bytes);
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
        bytes: writeEmail({ ...email, ...own }, { to, cc, variables }, at, boundariesOf(id)),
      },
      messageId,
    );
  };
}
