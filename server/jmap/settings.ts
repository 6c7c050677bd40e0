/** The limits of JMAP, announced in the session object and kept. */
export type JmapSettings = {
  readonly maxUploadBytes: number;
  readonly maxConcurrentUploads: number;
  readonly maxRequestBytes: number;
  readonly maxConcurrentRequests: number;
  readonly maxCallsInRequest: number;
  readonly maxObjectsInGet: number;
  readonly maxObjectsInSet: number;
  readonly maxAttachmentsBytes: number;
  readonly maxDelayedSendSeconds: number;
  readonly uploadLifetimeMs: number;
  readonly maxAllUploadsBytes: number;
  readonly maxUploads: number;
  readonly maxEventSources: number;
  readonly maxPushSubscriptions: number;
  readonly sessionLifetimeMs: number;
  readonly tokenLifetimeMs: number;
};

export const defaultJmapSettings: JmapSettings = {
  maxUploadBytes: 50 * 1024 * 1024,
  maxConcurrentUploads: 4,
  maxRequestBytes: 10 * 1024 * 1024,
  maxConcurrentRequests: 16,
  maxCallsInRequest: 64,
  maxObjectsInGet: 1000,
  maxObjectsInSet: 1000,
  maxAttachmentsBytes: 50 * 1024 * 1024,
  maxDelayedSendSeconds: 30 * 24 * 60 * 60,
  uploadLifetimeMs: 24 * 60 * 60 * 1000,
  maxAllUploadsBytes: 1024 * 1024 * 1024,
  maxUploads: 5000,
  maxEventSources: 50,
  maxPushSubscriptions: 20,
  sessionLifetimeMs: 14 * 24 * 60 * 60 * 1000,
  tokenLifetimeMs: 365 * 24 * 60 * 60 * 1000,
};
