/** What the peer hears when we break: try again, the message is still yours. */
import { type Reply, reply } from "../../protocol/smtp/reply.ts";
import { isDiskFull } from "../store/trouble.ts";

const trouble = reply(451, "4.3.0", "Local trouble, try again later");
const diskFull = reply(452, "4.3.1", "Insufficient system storage, try again later");

/** 452 for a full disk, 451 for everything else. */
export const storeTrouble = (error: unknown): Reply => (isDiskFull(error) ? diskFull : trouble);
