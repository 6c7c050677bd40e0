/** What a program may say of an email: checked field by field, and made into what `server/inject` takes. */
import { z } from "zod";
import { formatMailbox } from "../../protocol/smtp/address.ts";
import { maxDelayMs } from "../dispatch/sender.ts";
import type { Attachment, Email } from "../inject/email.ts";
import { addressee, addresseesIn, isLine, maxFieldChars, maxFields, wrongFieldsIn } from "../inject/fields.ts";
import type { Addressee, Asked, AskedCopy } from "../inject/inject.ts";
import { type Asks, asksIn, maxTextChars, personalise, tooLongWith, type Variables } from "../inject/personalise.ts";
import { type AskedWithTemplate, templateWish, unsaid } from "./email-template.ts";
import { jsonSchemaOf } from "./json-schema.ts";
import { type FieldProblem, wrongFields } from "./problem.ts";
import { sentenceOf } from "./sentences.ts";

/** Recipients of one message, To, Cc and Bcc each. */
export const maxRecipients = 50;
/** Messages of one batch. */
export const maxBatch = 1000;
const maxVariables = 200;

const line = (max: number) => z.string().max(max).refine(isLine, "This must be one line, without control characters.");

/** What a schema makes of a value in one of its forms, or undefined: what is wrong are issues of the body then, at `placed` of their paths. */
function readAs<T>(
  schema: z.ZodType<T>,
  given: unknown,
  context: z.RefinementCtx,
  placed: (path: PropertyKey[]) => PropertyKey[] = (path) => path,
): T | undefined {
  const read = schema.safeParse(given, { error: sentenceOf });
  if (read.success) return read.data;
  for (const issue of read.error.issues)
    context.issues.push({ ...issue, path: placed(issue.path), input: undefined } as never);
  return undefined;
}

// ---------------------------------------------------------------- addresses

const AddressObject = z.strictObject({ email: line(330), name: line(200).optional() });
const address = z.union([line(1000), AddressObject]).transform((given, context): Addressee => {
  const found =
    typeof given === "string"
      ? addresseesIn(given)
      : [addressee(given.email, given.name)].filter((one) => one !== undefined);
  if (found?.length === 1) return found[0]!;
  context.addIssue("This is no address: write it like anna@example.org or Anna <anna@example.org>.");
  return z.NEVER;
});

/** The addresses of one text; one that holds none is told as it stands. */
const inOneText = (given: unknown): readonly unknown[] => {
  const several = typeof given === "string" && isLine(given) ? addresseesIn(given) : undefined;
  return several === undefined || several.length < 2
    ? [given]
    : several.map(({ address: email, name }) => ({ email, ...(name === undefined ? {} : { name }) }));
};

/** One address, several in one text, or a list. What is wrong is told where it stands: of a text there is no entry 0. */
const addresses = (least: number) => {
  const list = z.array(address).min(least, "There is nobody to send it to.").max(maxRecipients);
  return z
    .unknown()
    .transform((given, context): Addressee[] => {
      const listed = Array.isArray(given);
      return readAs(list, listed ? given : inOneText(given), context, (at) => (listed ? at : at.slice(1))) ?? z.NEVER;
    })
    .meta({
      anyOf: [
        { type: "string", description: "anna@example.org, or Anna <anna@example.org>; several with commas." },
        { type: "array", maxItems: maxRecipients, items: { anyOf: [{ type: "string" }, { type: "object" }] } },
      ],
    });
};

// ---------------------------------------------------------------- the rest

const noBase64 = "This is no base64.";

/** The bytes of a text in base64, which may be in lines. */
function bytesOf(base64: string): Buffer | undefined {
  const plain = base64.replace(/\s+/g, "");
  return /^[A-Za-z0-9+/]*={0,2}$/.test(plain) && plain.length % 4 === 0 ? Buffer.from(plain, "base64") : undefined;
}

const AttachmentField = z
  .strictObject({
    filename: line(255),
    content: z.string().describe("Base64."),
    content_type: z
      .string()
      .max(200)
      .regex(
        /^[a-z0-9!#$&^_.+-]+\/[a-z0-9!#$&^_.+-]+(?:; ?[a-z0-9-]+=(?:[\w.-]+|"[\w .-]*"))*$/i,
        "This is no media type: image/png.",
      )
      .default("application/octet-stream"),
    content_id: line(200).optional().describe("The HTML shows it as cid:…"),
    cid: line(200).optional().describe("The same as content_id."),
  })
  .transform(({ filename, content, content_type, content_id, cid }, context): Attachment => {
    const bytes = bytesOf(content);
    if (bytes === undefined) context.issues.push({ code: "custom", message: noBase64, path: ["content"], input: "" });
    if (/^(?:multipart|message)\//i.test(content_type))
      context.issues.push({
        code: "custom",
        message: "Messages and multiparts cannot be attached.",
        path: ["content_type"],
        input: "",
      });
    const id = content_id ?? cid;
    return {
      filename,
      bytes: bytes ?? Buffer.alloc(0),
      type: content_type,
      contentId: id === undefined ? undefined : id.replace(/^<|>$/g, ""),
    };
  });

const fieldValue = z.string().max(maxFieldChars);
const headerRecord = z.record(z.string(), fieldValue);
const headerList = z.array(z.strictObject({ name: z.string(), value: fieldValue }));

/** Fields by their names, or a list of them. */
const headers = z
  .unknown()
  .transform((given, context): Email["headers"] => {
    const list = Array.isArray(given) ? readAs(headerList, given, context) : undefined;
    const record = Array.isArray(given) ? undefined : readAs(headerRecord, given, context);
    if (list === undefined && record === undefined) return z.NEVER;
    const fields = list?.map(({ name, value }) => [name, value] as const) ?? Object.entries(record!);
    if (fields.length > maxFields) wrong(context, [], `At most ${maxFields} fields.`);
    for (const { index, part, why } of wrongFieldsIn(fields))
      wrong(context, list === undefined ? [fields[index]![0]] : [index, part], why);
    return fields;
  })
  .meta({ type: "object", additionalProperties: { type: "string" } });

const label = z.union([z.string().max(500), z.number(), z.boolean()]);
const labels = z
  .record(z.string().max(100), label)
  .refine((given) => Object.keys(given).length <= maxFields, `At most ${maxFields}.`);
const tags = z.union([
  labels,
  z.array(line(256)).max(maxFields),
  z.array(z.strictObject({ name: line(256), value: line(256) })).max(maxFields),
]);
const variables = z
  .record(z.string().regex(/^[A-Za-z0-9_.-]{1,64}$/), z.union([z.string().max(100_000), z.number(), z.boolean()]))
  .refine((given) => Object.keys(given).length <= maxVariables, `At most ${maxVariables}.`)
  .describe("What is put in for {{name}} in subject, text, HTML and headers.");
const name = z
  .string()
  .regex(
    /^[A-Za-z0-9](?:[A-Za-z0-9._-]{0,62}[A-Za-z0-9])?$/,
    'This must be a name of letters, digits, ".", "_" and "-".',
  );
const moment = z.iso.datetime({ offset: true });

const engagedDays = z
  .int()
  .min(0)
  .max(36_500)
  .optional()
  .describe(
    "Days since the recipients last showed interest: of marketing in a warm-up those of late go first, and who is not named is asked last.",
  );

const how = {
  stream: name.optional().describe("transactional, marketing, or a stream of your own."),
  campaign: name.optional(),
  campaign_id: name.optional().describe("The same as campaign."),
  list: name.optional().describe("Whoever unsubscribes leaves this list; without one, the stream."),
  engaged_days: engagedDays,
  tracking: z
    .strictObject({ opens: z.boolean().optional(), clicks: z.boolean().optional() })
    .optional()
    .describe(
      "Whether opens and clicks are counted; what is left out is as the stream has it, which counts nothing by itself.",
    ),
  send_at: moment.optional().describe("Not before this time, 30 days ahead at most."),
  scheduled_at: moment.optional().describe("The same as send_at."),
  expires_in: z
    .int()
    .min(60)
    .max(maxDelayMs / 1000)
    .optional()
    .describe("Seconds that it is tried."),
} as const;
const whom = {
  to: addresses(1),
  cc: addresses(0).optional(),
  bcc: addresses(0).optional(),
  variables: variables.optional(),
  tags: tags.optional(),
  metadata: labels.optional().describe("Comes again in events and webhooks."),
} as const;
const what = {
  from: address.optional().describe("Left out only where a template has one."),
  reply_to: addresses(0).optional(),
  subject: line(2000).default(""),
  text: z.string().max(maxTextChars).optional(),
  html: z.string().max(maxTextChars).optional(),
  template: templateWish(variables)
    .optional()
    .describe(
      "Texts that are kept here (/templates): a name, or {id, version, variables}; a subject of the email's own counts.",
    ),
  headers: headers.optional(),
  attachments: z.array(AttachmentField).max(maxFields).optional(),
} as const;

type What = z.output<z.ZodObject<typeof what>>;
type Whom = z.output<z.ZodObject<typeof whom>>;
type How = z.output<z.ZodObject<typeof how>>;
type Issues = { readonly addIssue: (issue: { code: "custom"; path: PropertyKey[]; message: string }) => void };

function wrong(context: Issues, path: PropertyKey[], message: string): void {
  context.addIssue({ code: "custom", path, message });
}

/** What the texts ask for; a template's are looked at when it is read. */
const asksOf = ({ subject, text, html, headers = [], template }: What): Asks | undefined =>
  template === undefined ? asksIn({ subject, text, html, headers }) : undefined;

/** Names that the texts ask for and nobody gives, and values that make too much of them. */
function checkVariables(asks: Asks | undefined, given: Variables, context: Issues, path: PropertyKey[]): void {
  for (const one of asks?.missing(given) ?? [])
    wrong(context, [...path, "variables", one], `The texts ask for {{${one}}}: give it a value.`);
  const long = asks?.tooLong(given);
  if (long !== undefined) wrong(context, [...path, "variables"], tooLongWith(long));
}

function checkBody({ from, text, html, template }: What, context: Issues): void {
  if (from === undefined && template === undefined) wrong(context, ["from"], "Say whom it is from.");
  if (template !== undefined) {
    for (const [name, given] of Object.entries({ text, html }))
      if (given !== undefined) wrong(context, [name], "Give the texts of an email, or a template.");
  } else if (text === undefined && html === undefined) wrong(context, ["text"], "An email has text, html or both.");
}

function checkTime(given: How, context: Issues): void {
  const field = given.send_at === undefined ? "scheduled_at" : "send_at";
  const text = given.send_at ?? given.scheduled_at;
  if (text !== undefined && Date.parse(text) > Date.now() + maxDelayMs)
    wrong(context, [field], "Mail can wait for 30 days at most.");
}

export const wishOf = ({ stream, campaign, campaign_id, list, engaged_days, tracking }: How): Asked["wish"] => ({
  stream,
  campaign: campaign ?? campaign_id,
  list,
  engagedDays: engaged_days,
  tracking,
});

/** When, and for how long. */
export function timesOf({ send_at, scheduled_at, expires_in }: How): Pick<Asked, "notBefore" | "lifetimeMs"> {
  const at = send_at ?? scheduled_at;
  return {
    notBefore: at === undefined ? undefined : Date.parse(at),
    lifetimeMs: expires_in === undefined ? undefined : expires_in * 1000,
  };
}

export function copyOf(
  { to, cc, bcc, variables: given, tags: labelled, metadata }: Whom,
  subject: string | undefined,
): AskedCopy {
  return {
    to,
    cc: cc ?? [],
    bcc: bcc ?? [],
    variables: given,
    about: {
      ...(subject === undefined
        ? {}
        : { subject: (given === undefined ? subject : personalise(subject, given, "text")).slice(0, 200) }),
      ...(labelled === undefined ? {} : { tags: labelled }),
      ...(metadata === undefined ? {} : { metadata }),
    },
  };
}

/** With the values that are said of the template. */
const withTemplate = <T extends Whom>(one: T, { template }: What): T =>
  template === undefined ? one : { ...one, variables: { ...one.variables, ...template.variables } };

function askedOf(given: What & How, copies: readonly AskedCopy[]): AskedWithTemplate {
  const { from = unsaid, reply_to, subject, text, html, attachments } = given;
  return {
    content: {
      kind: "email",
      email: {
        from,
        replyTo: reply_to ?? [],
        subject,
        text,
        html,
        headers: given.headers ?? [],
        attachments: attachments ?? [],
      },
    },
    from,
    copies,
    wish: wishOf(given),
    ...timesOf(given),
    ...(given.template === undefined ? {} : { template: given.template }),
  };
}

/** One email. */
export const EmailBody = z
  .strictObject({ ...what, ...whom, ...how })
  .superRefine((given, context) => {
    checkBody(given, context);
    checkTime(given, context);
    if (given.variables !== undefined) checkVariables(asksOf(given), given.variables, context, []);
  })
  .transform((given): AskedWithTemplate => askedOf(given, [copyOf(withTemplate(given, given), given.subject)]));

/** A message that is written already. */
export const RawBody = z
  .strictObject({
    from: address.optional().describe("Where bounces go, and who sends; the message's From where it is left out."),
    to: addresses(1),
    message: z.string().optional().describe("The message as text."),
    raw: z.string().optional().describe("The message in base64."),
    tags: tags.optional(),
    metadata: labels.optional(),
    ...how,
  })
  .superRefine((given, context) => {
    checkTime(given, context);
    if ((given.raw === undefined) === (given.message === undefined))
      wrong(context, ["raw"], "Give the message either in raw (base64) or in message (text).");
  })
  .transform(({ message = "", raw, ...rest }, context) => {
    const bytes = raw === undefined ? Buffer.from(message, "utf8") : bytesOf(raw);
    if (bytes === undefined) wrong(context, ["raw"], noBase64);
    return {
      ...rest,
      field: raw === undefined ? ("message" as const) : ("raw" as const),
      bytes: withLineEnds(bytes ?? Buffer.alloc(0)),
    };
  });

/** Programs write lines as their systems do. */
function withLineEnds(bytes: Buffer): Uint8Array {
  const text = bytes.toString("latin1");
  return /(?:^|[^\r])\n|\r(?!\n)/.test(text) ? Buffer.from(text.replace(/\r\n|\r|\n/g, "\r\n"), "latin1") : bytes;
}

const listForm = z.array(EmailBody).min(1).max(maxBatch);
const emailsForm = z.strictObject({ emails: listForm });
/** One email for many: what they have in common is said once. */
const sharedForm = z
  .strictObject({
    ...what,
    ...how,
    tags: tags.optional(),
    metadata: labels.optional().describe("Of all; what a recipient says itself goes before."),
    recipients: z
      .array(z.strictObject({ ...whom, engaged_days: engagedDays }))
      .min(1)
      .max(maxBatch),
  })
  .superRefine((given, context) => {
    checkBody(given, context);
    checkTime(given, context);
    const asks = asksOf(given);
    for (const [index, one] of given.recipients.entries())
      checkVariables(asks, one.variables ?? {}, context, ["recipients", index]);
  })
  .transform((given): AskedWithTemplate => {
    const asked = askedOf(
      given,
      given.recipients.map((one) =>
        copyOf(
          {
            ...withTemplate(one, given),
            variables: withTemplate(one, given).variables ?? {},
            tags: one.tags ?? given.tags,
            metadata: given.metadata === undefined ? one.metadata : { ...given.metadata, ...one.metadata },
          },
          given.subject,
        ),
      ),
    );
    const engaged = given.recipients.flatMap(({ to, engaged_days: days }) =>
      days === undefined ? [] : to.map(({ mailbox }): [string, number] => [formatMailbox(mailbox).toLowerCase(), days]),
    );
    return engaged.length === 0 ? asked : { ...asked, wish: { ...asked.wish, engaged: new Map(engaged) } };
  });

export type Batch = {
  /** Those that are well-formed. */
  readonly asked: readonly { readonly one: AskedWithTemplate; readonly place: string }[];
  /** Those that are not, and why. */
  readonly wrong: readonly { readonly place: string; readonly errors: readonly FieldProblem[] }[];
  /** Where each stands in the body, in order: "/emails/3"; "": the body is the one email. */
  readonly places: readonly string[];
};

/** The emails of a list, each by itself; what is wrong with the list is an issue of the body. */
function batchOf(given: readonly unknown[], below: string): Batch {
  const places = given.map((_, index) => `${below}/${index}`);
  const read = given.map((one, index) => ({
    place: places[index]!,
    read: EmailBody.safeParse(one, { error: sentenceOf }),
  }));
  return {
    asked: read.flatMap(({ place, read }) => (read.success ? [{ one: read.data, place }] : [])),
    wrong: read.flatMap(({ place, read }) => (read.success ? [] : [{ place, errors: wrongFields(read.error, place) }])),
    places,
  };
}

const anyList = z.array(z.unknown()).min(1).max(maxBatch);

/** A list of emails, `{emails: […]}`, or one email with `recipients`. What is wrong is told in the form that was used. */
export const BatchBody = z
  .unknown()
  .transform((given, context): Batch => {
    if (Array.isArray(given)) {
      const list = readAs(anyList, given, context);
      return list === undefined ? z.NEVER : batchOf(list, "");
    }
    if (typeof given === "object" && given !== null && "recipients" in given) {
      const one = readAs(sharedForm, given, context);
      return one === undefined ? z.NEVER : { asked: [{ one, place: "" }], wrong: [], places: [""] };
    }
    const read = readAs(z.strictObject({ emails: anyList }), given, context);
    return read === undefined ? z.NEVER : batchOf(read.emails, "/emails");
  })
  .meta({
    anyOf: [jsonSchemaOf(emailsForm, "input"), jsonSchemaOf(listForm, "input"), jsonSchemaOf(sharedForm, "input")],
  });
