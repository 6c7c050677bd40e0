import type { Notices } from "../deliver/notices.ts";
import type { QueueNotices } from "../queue/finish.ts";
export function makeNotices(_parts: unknown): Notices & QueueNotices {
  return { successNotice: async () => undefined, failureNotice: async () => undefined, notice: async () => undefined };
}
