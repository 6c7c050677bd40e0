/** What JMAP answers (RFC 8620, RFC 8621), as far as it is asked for here. */
export type Id = string;

export type Session = {
  readonly username: string;
  readonly capabilities: { readonly [urn: string]: { readonly [name: string]: unknown } };
  readonly accounts: { readonly [id: Id]: Account };
  readonly primaryAccounts: { readonly [urn: string]: Id };
  readonly apiUrl: string;
  readonly downloadUrl: string;
  readonly uploadUrl: string;
  readonly eventSourceUrl: string;
  readonly state: string;
};

export type Account = {
  readonly name: string;
  readonly isPersonal: boolean;
  readonly isReadOnly: boolean;
  readonly accountCapabilities: { readonly [urn: string]: { readonly [name: string]: unknown } };
};

export type Role = "inbox" | "archive" | "drafts" | "sent" | "trash" | "junk" | "all" | "flagged" | "important";

export type Mailbox = {
  readonly id: Id;
  readonly name: string;
  readonly parentId: Id | null;
  readonly role: Role | null;
  readonly sortOrder: number;
  readonly totalEmails: number;
  readonly unreadEmails: number;
  readonly totalThreads: number;
  readonly unreadThreads: number;
  readonly isSubscribed: boolean;
  readonly myRights: { readonly [right: string]: boolean };
};

export type EmailAddress = { readonly name: string | null; readonly email: string };

/** What a list shows. */
export type EmailHead = {
  readonly id: Id;
  readonly blobId: Id;
  readonly threadId: Id;
  readonly mailboxIds: { readonly [id: Id]: boolean };
  readonly keywords: { readonly [name: string]: boolean };
  readonly from: readonly EmailAddress[] | null;
  readonly sender: readonly EmailAddress[] | null;
  /** As they stand: whether a list has sent it on. */
  readonly "header:List-Id": string | null;
  readonly "header:List-Post": string | null;
  readonly to: readonly EmailAddress[] | null;
  readonly subject: string | null;
  readonly receivedAt: string;
  readonly preview: string;
  readonly hasAttachment: boolean;
  readonly size: number;
};

/** So much of an email as is needed to do something with it. */
export type Marked = Pick<EmailHead, "id" | "threadId" | "mailboxIds" | "keywords">;

export type BodyPart = {
  readonly partId: string | null;
  readonly blobId: Id | null;
  readonly size: number;
  readonly name: string | null;
  readonly type: string;
  readonly charset: string | null;
  readonly disposition: string | null;
  readonly cid: string | null;
};

export type BodyValue = {
  readonly value: string;
  readonly isEncodingProblem: boolean;
  readonly isTruncated: boolean;
};

/** What reading needs beyond the head. */
export type EmailBody = {
  readonly cc: readonly EmailAddress[] | null;
  readonly bcc: readonly EmailAddress[] | null;
  readonly replyTo: readonly EmailAddress[] | null;
  readonly messageId: readonly string[] | null;
  readonly inReplyTo: readonly string[] | null;
  readonly references: readonly string[] | null;
  readonly sentAt: string | null;
  readonly htmlBody: readonly BodyPart[];
  readonly textBody: readonly BodyPart[];
  readonly attachments: readonly BodyPart[];
  readonly bodyValues: { readonly [partId: string]: BodyValue };
  readonly headers: readonly { readonly name: string; readonly value: string }[];
  /** What the server itself found of who sent it (RFC 8601), where it says so and has looked: what stands among the headers anybody may have written. */
  readonly authenticationResults?: string | null;
};

export type Email = EmailHead & EmailBody;

export type Thread = { readonly id: Id; readonly emailIds: readonly Id[] };

export type Identity = {
  readonly id: Id;
  readonly name: string;
  readonly email: string;
  readonly replyTo: readonly EmailAddress[] | null;
  readonly bcc: readonly EmailAddress[] | null;
  readonly textSignature?: string;
  readonly htmlSignature?: string;
  readonly mayDelete: boolean;
};

export type Filter =
  | { readonly operator: "AND" | "OR" | "NOT"; readonly conditions: readonly Filter[] }
  | { readonly [condition: string]: unknown };

export type SetError = {
  readonly type: string;
  readonly description?: string | null;
  readonly properties?: readonly string[];
};

export const urn = {
  core: "urn:ietf:params:jmap:core",
  mail: "urn:ietf:params:jmap:mail",
  submission: "urn:ietf:params:jmap:submission",
  vacation: "urn:ietf:params:jmap:vacationresponse",
  blob: "urn:ietf:params:jmap:blob",
  quota: "urn:ietf:params:jmap:quota",
  mdn: "urn:ietf:params:jmap:mdn",
  sieve: "urn:ietf:params:jmap:sieve",
  contacts: "urn:ietf:params:jmap:contacts",
  principals: "urn:ietf:params:jmap:principals",
  /** Of our own server, absent elsewhere: pictures and marks through the server, lists left by a click, the public API, published keys. */
  imageProxy: "urn:angarium:params:jmap:image-proxy",
  unsubscribe: "urn:angarium:params:jmap:unsubscribe",
  restApi: "urn:angarium:params:jmap:rest-api",
  publicKeys: "urn:angarium:params:jmap:public-keys",
  uploads: "urn:angarium:params:jmap:uploads",
  onBehalf: "urn:angarium:params:jmap:on-behalf",
  authenticationResults: "urn:angarium:params:jmap:authentication-results",
} as const;

export const headProperties: readonly (keyof EmailHead)[] = [
  "id",
  "blobId",
  "threadId",
  "mailboxIds",
  "keywords",
  "from",
  "sender",
  "header:List-Id",
  "header:List-Post",
  "to",
  "subject",
  "receivedAt",
  "preview",
  "hasAttachment",
  "size",
];

export const bodyProperties: readonly string[] = [
  ...headProperties,
  "cc",
  "bcc",
  "replyTo",
  "messageId",
  "inReplyTo",
  "references",
  "sentAt",
  "htmlBody",
  "textBody",
  "attachments",
  "bodyValues",
  "headers",
];
