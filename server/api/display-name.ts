/** What people, groups, lists, tenants and devices are called. */
import { z } from "zod";
import { isDisplayName, noDisplayName } from "../../protocol/display-name.ts";

export const displayName = z.string().max(200).refine(isDisplayName, noDisplayName);
