/** Sending: one email, many at once, one that is written already; what became of each; taking it back. */
import { z } from "zod";
import { splitHeader } from "../../../protocol/mime/header.ts";
import type { Asked, Injected, NotAsked } from "../../inject/inject.ts";
import type { Begun } from "../../inject/requests.ts";
import type { EmailStatus } from "../../inject/status.ts";
import { type Actor, isTest } from "../actor.ts";
import { type Refused, sendBatch } from "../email-batch.ts";
import { fromOf } from "../email-from.ts";
import { BatchBody, copyOf, EmailBody, RawBody, timesOf, wishOf } from "../email-schema.ts";
import { shownEmail, theEmail, WholeEmail } from "../email-status.ts";
import { type AskedWithTemplate, withTemplates } from "../email-template.ts";
import { conflict, Problem, wrongField } from "../problem.ts";
import { type ApiWorld, InPart, type Route, route } from "../route.ts";
import { sendingIsOff, tenantOf } from "../sending-tenant.ts";

/** Of a whole request, attachments in base64 and all. */
const maxEmailBytes = 40 * 1024 * 1024;
const maxBatchBytes = 50 * 1024 * 1024;

const Told = z.object({
  id: z.string().describe("Of the message that this recipient gets."),
  address: z.string(),
  status: z.enum(["queued", "scheduled", "suppressed", "rejected"]),
  reason: z.string().nullable(),
});
const Accepted = z
  .object({
    id: z.string().nullable().describe("null where it is refused as it stands."),
    status: z.enum(["queued", "scheduled", "suppressed", "rejected"]).describe("The best of its recipients'."),
    recipients: z.array(Told),
    errors: z
      .array(z.object({ pointer: z.string(), detail: z.string() }))
      .optional()
      .describe("In a batch, of an email that is refused as it stands: what is wrong with it."),
  })
  .meta({ id: "AcceptedEmail" });

const order = ["queued", "scheduled", "suppressed", "rejected"] as const;

const isSent = (status: Injected["recipients"][number]["status"]): boolean =>
  status === "queued" || status === "scheduled";

const shownInjected = ({ id, recipients }: Injected): z.input<typeof Accepted> => ({
  id,
  status: order.find((status) => recipients.some((one) => one.status === status)) ?? "rejected",
  recipients: recipients.map(({ id: own, address, status, reason }) => ({
    id: own,
    address,
    status,
    reason: reason ?? null,
  })),
});
const shownRefused = ({ errors }: Refused): z.input<typeof Accepted> => ({
  id: null,
  status: "rejected",
  recipients: [],
  errors: errors.map(({ pointer = "", detail }) => ({ pointer, detail })),
});

const Checked = z
  .object({
    recipients: z.array(
      z.object({ address: z.string(), status: z.enum(["ok", "suppressed"]), reason: z.string().nullable() }),
    ),
    size: z.int().describe("Of the first message, in bytes."),
    subject: z.string().nullable().describe("With its variables put in, for the first copy."),
    text: z.string().nullable(),
    html: z.string().nullable(),
  })
  .meta({ id: "CheckedEmail" });

const byOf = (actor: Actor, tenant: string, once?: Begun) => ({
  account: actor.account,
  appPassword: actor.appPassword,
  tenant,
  remote: actor.remote,
  test: isTest(actor),
  once,
});

type Who = { readonly actor: Actor; readonly once?: Begun | undefined };

/** `fromField`: what says whom it is from. */
function refused({ kind, field, why }: NotAsked, fromField: string): Problem<"validation" | "forbidden"> {
  const pointer = `/${field === "from" ? fromField : field}`;
  return kind === "wrong"
    ? wrongField(pointer, why)
    : new Problem("forbidden", why, [{ pointer: `#${pointer}`, detail: why }]);
}

/** Where nobody knows when it will be better (a full mailbox, say): as long as a queue waits before its second attempt. */
const unknownWaitMs = 15 * 60_000;

/** Nobody gets it: the whole request failed. */
function whollyRejected({ recipients }: Injected, now: number): Problem<"rate" | "rejected"> | undefined {
  if (!recipients.every(({ status }) => status === "rejected")) return undefined;
  const errors = recipients.map(({ address, reason = "" }) => ({ pointer: "#/to", detail: `${address}: ${reason}` }));
  const later = recipients.every((one) => one.later === true);
  const until = Math.max(...recipients.map((one) => one.until ?? now + unknownWaitMs));
  const seconds = Math.max(1, Math.ceil((until - now) / 1000));
  const headers: { readonly [name: string]: string } = later ? { "retry-after": String(seconds) } : {};
  return new Problem(later ? "rate" : "rejected", recipients[0]?.reason ?? "", errors, headers);
}

async function sendOne(
  given: AskedWithTemplate,
  { actor, once }: Who,
  world: ApiWorld,
  fromField = "from",
): Promise<z.input<typeof Accepted> | Problem<"sending-off" | "validation" | "forbidden" | "rate" | "rejected">> {
  if (world.injection === undefined) return sendingIsOff();
  const tenant = await tenantOf(actor, world);
  const asked = await withTemplates([given], () => "", tenant, world);
  if (asked instanceof Problem) return asked;
  const sent = await world.injection.send(asked, byOf(actor, tenant, once));
  if ("kind" in sent) return refused(sent, fromField);
  return whollyRejected(sent[0]!, world.now()) ?? shownInjected(sent[0]!);
}

const cancel = async (
  { email }: { readonly email: EmailStatus },
  world: ApiWorld,
): Promise<Problem<"conflict"> | number> => {
  const taken = email.queue === undefined ? 0 : ((await world.injection?.cancel(email.queue)) ?? 0);
  return taken === 0 ? conflict("Nothing of it waits any more: it is on its way, or has come to its end.") : taken;
};

export const routes: readonly Route[] = [
  route({
    method: "POST",
    path: "/emails",
    summary: "Send an email.",
    description:
      "Answered when it is durably stored. A stream of marketing makes a message of its own for each recipient, with a link to unsubscribe.",
    area: "emails",
    who: "user",
    body: EmailBody,
    answer: Accepted,
    status: 202,
    maxBodyBytes: maxEmailBytes,
    unaudited: true,
    resumable: true,
    refuses: ["rate", "rejected", "sending-off"],
    run: async (given, world) => sendOne(given.body, given, world),
  }),
  route({
    method: "POST",
    path: "/emails/batch",
    summary: "Send up to 1000 emails, or one email to up to 1000 people with {{variables}}.",
    description:
      "What becomes of each is in the answer, in order: 202 where all are sent, 200 where some are refused, suppressed or rejected. Where none is well-formed the request is refused; with all_or_none where one is not.",
    inPart: "What became of each: not all are sent.",
    area: "emails",
    who: "user",
    query: z.object({
      all_or_none: z.enum(["true", "false"]).default("false").describe("Where one email is wrong, none is sent."),
    }),
    body: BatchBody,
    answer: z.object({ emails: z.array(Accepted) }),
    status: 202,
    maxBodyBytes: maxBatchBytes,
    unaudited: true,
    resumable: true,
    refuses: ["sending-off"],
    run: async ({ body, query, actor, once }, world) => {
      const { injection } = world;
      if (injection === undefined) return sendingIsOff();
      const by = byOf(actor, await tenantOf(actor, world), once);
      const sent = await sendBatch(body, { whole: query.all_or_none === "true", by, injection, world });
      if (sent instanceof Problem) return sent;
      const answer = { emails: sent.map((one) => ("errors" in one ? shownRefused(one) : shownInjected(one))) };
      const all = sent.every((one) => "id" in one && one.recipients.every(({ status }) => isSent(status)));
      return all ? answer : new InPart(answer);
    },
  }),
  route({
    method: "POST",
    path: "/emails/validate",
    summary: "What would become of an email: checked and written out, not sent.",
    description:
      "The same problems as sending it would have, but for what only the receiver or the filter says. Nothing is stored.",
    area: "emails",
    who: "user",
    body: EmailBody,
    answer: Checked,
    maxBodyBytes: maxEmailBytes,
    unaudited: true,
    refuses: ["sending-off"],
    run: async ({ body, actor }, world) => {
      if (world.injection === undefined) return sendingIsOff();
      const tenant = await tenantOf(actor, world);
      const asked = await withTemplates([body], () => "", tenant, world);
      if (asked instanceof Problem) return asked;
      const checked = await world.injection.check(asked[0]!, byOf(actor, tenant));
      if ("kind" in checked) return refused(checked, "from");
      const { recipients, sizeBytes, texts } = checked;
      return {
        recipients: recipients.map(({ address, status, reason }) => ({ address, status, reason: reason ?? null })),
        size: sizeBytes,
        subject: texts?.subject ?? null,
        text: texts?.text ?? null,
        html: texts?.html ?? null,
      };
    },
  }),
  route({
    method: "POST",
    path: "/messages/raw",
    summary: "Send a message that is written already (RFC 5322).",
    area: "emails",
    who: "user",
    body: RawBody,
    answer: Accepted,
    status: 202,
    maxBodyBytes: maxBatchBytes,
    unaudited: true,
    resumable: true,
    refuses: ["rate", "rejected", "sending-off"],
    run: async (given, world) => {
      const { body } = given;
      const bytes = Buffer.from(body.bytes.buffer, body.bytes.byteOffset, body.bytes.byteLength);
      const header = splitHeader(bytes, 0, bytes.length);
      const from = body.from ?? fromOf(header);
      if (from === undefined) return wrongField(`/${body.field}`, "The message needs a From field with one address.");
      const asked: Asked = {
        content: { kind: "raw", bytes },
        from,
        copies: [copyOf({ ...body, cc: undefined, bcc: undefined, variables: undefined }, undefined)],
        wish: wishOf(body),
        ...timesOf(body),
      };
      return sendOne(asked, given, world, body.from === undefined ? body.field : "from");
    },
  }),
  route({
    method: "GET",
    path: "/emails/{email}",
    summary: "What became of an email.",
    area: "emails",
    who: "user",
    params: { email: theEmail },
    answer: WholeEmail,
    run: async ({ email }) => shownEmail(email.id, email.email),
  }),
  route({
    method: "POST",
    path: "/emails/{email}/cancel",
    summary: "Take back what still waits of an email.",
    area: "emails",
    who: "user",
    params: { email: theEmail },
    answer: z.object({ recipients: z.int().describe("How many do not get it.") }),
    refuses: ["conflict"],
    run: async ({ email }, world) => {
      const taken = await cancel(email, world);
      return taken instanceof Problem ? taken : { recipients: taken };
    },
  }),
  route({
    method: "DELETE",
    path: "/emails/{email}",
    summary: "The same as cancel.",
    area: "emails",
    who: "user",
    params: { email: theEmail },
    refuses: ["conflict"],
    run: async ({ email }, world) => {
      const taken = await cancel(email, world);
      return taken instanceof Problem ? taken : undefined;
    },
  }),
];
