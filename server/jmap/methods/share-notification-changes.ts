import { changedObjects } from "../objects.ts";
import { shareNotificationType } from "../share-notifications.ts";

/** RFC 9670 §3.2. */
export const shareNotificationChanges = changedObjects(shareNotificationType);
