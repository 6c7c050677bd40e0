/** What is answered to whoever hands a message over, where it is not what a recipient or a judge says. */
import { type Reply, reply } from "../../protocol/smtp/reply.ts";

export const notForwarded = reply(550, "5.7.1", "This message looks like spam, and spam is not forwarded from here");
export const tooMuch = reply(451, "4.7.1", "This address has forwarded as much as it may in an hour; try again later");
export const testKept = reply(
  550,
  "5.7.1",
  "The filter takes it for spam, and would keep it: this is a test, so that nobody can let it go",
);
export const notOn = "Not forwarded: the address has forwarded as much as it may in an hour.";
export const spamStays = "Not forwarded: it looks like spam.";
export const noReport = reply(
  550,
  "5.7.1",
  "Only reports of mail servers and answers of whom we asked are taken at this address, and this is neither",
);

export const takenAs = (id: string): Reply => reply(250, "2.0.0", `accepted as ${id}`);
