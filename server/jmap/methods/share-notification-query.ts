import { queryObjects } from "../object-query.ts";
import { shareNotificationRules, shareNotificationType } from "../share-notifications.ts";

/** RFC 9670 §3.4. */
export const shareNotificationQuery = queryObjects(shareNotificationType, shareNotificationRules);
