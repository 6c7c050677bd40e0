import * as is from "../../../protocol/jmap/check.ts";
import { getArgs, pick, pickProperties, tooManyToGet } from "../arguments.ts";
import { method } from "../call.ts";
import { sieve } from "../capabilities.ts";
import { scriptId, scriptProperties, showScript } from "../sieve-scripts.ts";

/** RFC 9661 §2.1. */
export const sieveScriptGet = method(
  sieve,
  is.object(getArgs),
  async ({ accountId, ids, properties }, call, account) => {
    const names = pickProperties(properties, scriptProperties);
    if ("error" in names) return names.error;
    const refusal = tooManyToGet(ids, call);
    if (refusal !== undefined) return refusal;
    const { scripts, revision } = await call.ports.store.sieveScripts(account);
    const found = scripts.filter(({ id }) => ids === undefined || ids.includes(scriptId(id)));
    const there = new Set(found.map(({ id }) => scriptId(id)));
    return {
      ok: {
        accountId,
        state: String(revision),
        list: found.map((script) => pick(showScript(script), names)),
        notFound: [...new Set(ids)].filter((id) => !there.has(id)),
      },
    };
  },
);
