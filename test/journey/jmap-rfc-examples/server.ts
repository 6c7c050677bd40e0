/** The one server that all examples are asked of. */
import { after, before } from "node:test";
import { type DevProcess, startDev } from "../../dev-process.ts";
import { type Any, JmapTalk } from "../../jmap-talk.ts";

let dev: DevProcess;
export let me: JmapTalk;
export let inbox: string;
before(async () => {
  dev = await startDev(["--users", "2", "--cleartext-auth"]);
  me = await new JmapTalk(`http://127.0.0.1:${dev.ready.ports["http"]}`, "u1@example.test", "pw").open();
  inbox = await me.mailbox("inbox");
});
after(() => dev.stop());

export const core = "urn:ietf:params:jmap:core";
export const ask = async (body: Any): Promise<Any> => (await me.post(body)).json();
