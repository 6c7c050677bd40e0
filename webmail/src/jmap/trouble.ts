/** What can go wrong between the page and the server, for people: `shell/say.ts` has the sentences. */
export type TroubleKind =
  /** Nobody answers: the network or the server is away. */
  | "away"
  /** The session has ended: sign in again. */
  | "ended"
  /** The server asks to come later. */
  | "busy"
  /** The mailbox is full. */
  | "quota"
  /** The server's disk is full. */
  | "full"
  /** Larger than the server takes. */
  | "large"
  /** Somebody else changed or removed it. */
  | "gone"
  /** The server says no, in a sentence. */
  | "refused"
  /** The page says why not, in a sentence of its own. */
  | "said";

export class Trouble extends Error {
  readonly kind: TroubleKind;

  constructor(kind: TroubleKind, detail = "") {
    super(detail);
    this.kind = kind;
  }
}

/** Said as well where the server's disk is full: in a problem as its type, in an error of a method beside it. */
export const diskFull = "urn:angarium:problem:disk-full";

/** RFC 8620 §3.6.2 and §5.3: errors of methods and of single objects. */
export function troubleOf(type: string, description: string | null | undefined, problem?: string): Trouble {
  const detail = description ?? type;
  if (problem === diskFull) return new Trouble("full", detail);
  switch (type) {
    case "overQuota":
      return new Trouble("quota", detail);
    case "tooLarge":
    case "requestTooLarge":
    case "maxSizeUpload":
      return new Trouble("large", detail);
    case "notFound":
    case "blobNotFound":
      return new Trouble("gone", detail);
    case "serverUnavailable":
    case "rateLimit":
    case "limit":
      return new Trouble("busy", detail);
    default:
      return new Trouble("refused", detail);
  }
}
