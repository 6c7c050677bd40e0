import { getObjects } from "../objects.ts";
import { shareNotificationType } from "../share-notifications.ts";

/** RFC 9670 §3.1. */
export const shareNotificationGet = getObjects(shareNotificationType);
