import { setObjects } from "../objects.ts";
import { shareNotificationType } from "../share-notifications.ts";

/** RFC 9670 §3.3. */
export const shareNotificationSet = setObjects(shareNotificationType);
