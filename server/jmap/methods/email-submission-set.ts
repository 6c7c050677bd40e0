import * as is from "../../../protocol/jmap/check.ts";
import type { Json, JsonObject } from "../../../protocol/jmap/types.ts";
import { isSubmission, submissionName } from "../../scheduled/scheduled.ts";
import type { StoredObject } from "../../store/jmap.ts";
import { setArgs } from "../arguments.ts";
import { type Answer, createdId, type Method, method } from "../call.ts";
import { submission } from "../capabilities.ts";
import { forCaller } from "../object-type.ts";
import { setThem } from "../objects.ts";
import type { Outbox } from "../outbox.ts";
import { submissionType } from "../submission-type.ts";
import { emailSet } from "./email-set.ts";

const shape = is.object({
  ...setArgs,
  onSuccessUpdateEmail: is.maybe(is.map(is.idOrCreation, is.anyObject)),
  onSuccessDestroyEmail: is.maybe(is.array(is.idOrCreation)),
});

/** RFC 8621 §7.5: after it the emails of what went well are changed, by an Email/set that is answered too. */
export const emailSubmissionSet = (outbox: Outbox): Method =>
  method(
    submission,
    shape,
    async (args, call, account): Promise<Answer> => {
      const { onSuccessUpdateEmail, onSuccessDestroyEmail, ...plain } = args;
      // What is destroyed in this call may be named too: its email is known only now.
      const before = new Map(
        (
          await call.ports.store.objects(
            account,
            submissionName,
            (args.destroy ?? []).flatMap((key) => createdId(call, key) ?? []),
          )
        ).objects.map((one) => [one.id, one]),
      );
      const done = await setThem(forCaller(submissionType(outbox), call), plain, call, account);
      if ("error" in done) {
        const ids = Object.keys(args.update ?? {});
        for (const { id, data } of (await call.ports.store.objects(account, submissionName, ids)).objects)
          if (isSubmission(data)) outbox.watch(account, id, data);
        return done;
      }
      // Only now are they there to be looked after.
      await outbox.follow(account, [...done.created.values(), ...done.updated], done.all);
      if (onSuccessUpdateEmail === undefined && onSuccessDestroyEmail === undefined) return { ok: done.ok };
      const succeeded = new Set([
        ...done.created.values(),
        ...done.updated,
        ...((done.ok["destroyed"] as readonly string[] | undefined) ?? []),
      ]);
      const emailOf = async (key: string): Promise<string | undefined> => {
        const id = createdId(call, key);
        if (id === undefined || !succeeded.has(id)) return undefined;
        const object: StoredObject | undefined =
          (await call.ports.store.objects(account, submissionName, [id])).objects[0] ?? before.get(id);
        const emailId = (object?.data as JsonObject | undefined)?.["emailId"];
        return typeof emailId === "string" ? emailId : undefined;
      };
      const update: { [id: string]: Json } = {};
      for (const [key, patch] of Object.entries(onSuccessUpdateEmail ?? {})) {
        const emailId = await emailOf(key);
        if (emailId !== undefined) update[emailId] = patch as JsonObject;
      }
      const destroy: string[] = [];
      for (const key of onSuccessDestroyEmail ?? []) {
        const emailId = await emailOf(key);
        if (emailId !== undefined) destroy.push(emailId);
      }
      if (Object.keys(update).length === 0 && destroy.length === 0) return { ok: done.ok };
      const changed = await emailSet.run({ accountId: args.accountId, update, destroy }, call);
      return { ok: done.ok, also: [["Email/set", changed]] };
    },
    "sending",
  );
