import { queryChangedObjects } from "../object-query.ts";
import { shareNotificationRules, shareNotificationType } from "../share-notifications.ts";

/** RFC 9670 §3.5. */
export const shareNotificationQueryChanges = queryChangedObjects(shareNotificationType, shareNotificationRules);
