/** The model of sending at volume: sources, pools, streams, tenants, sending domains, campaigns (docs/sending.md). */

import { describeMistake } from "../base/toml.ts";
import { type Edited, importModel, loadModel, removeThing, shownThing, warningsHere } from "../dispatch/edit.ts";
import { writeModelFile } from "../dispatch/model.ts";
import {
  about,
  campaignStates,
  type Kind,
  overflowPolicies,
  streamKinds,
  tenantStates,
  trackings,
} from "../dispatch/schema.ts";
import { steer } from "../dispatch/steer.ts";
import {
  type Arguments,
  type Command,
  command,
  done,
  type Given,
  no,
  type Outcome,
  time,
  type World,
} from "./command.ts";

const profiles = ["none", "careful", "normal", "fast"];
const warmup = {
  type: "text",
  choices: profiles,
  help: "how it is warmed up: none (it is warm), careful, normal or fast",
} as const;
const target = {
  type: "list",
  help: 'planned messages a day by provider: gmail=200000,yahoo=60000,other=5000 ("gmail=0" takes one away)',
} as const;
const name = { type: "text", placed: true, required: true } as const;

/** The options of each kind; names are those of its fields. */
const options = {
  source: {
    address: { type: "text", help: "our address to send from" },
    ehlo: { type: "text", help: "our name in EHLO" },
    proxy: {
      type: "text",
      help: "socks5://HOST:PORT, http://HOST:PORT, or by TLS socks5s:// and https:// (with USER:PASSWORD@ before the host where it wants a login), or haproxy://HOST:PORT",
    },
    state: { type: "text", choices: ["active", "resting", "retired"], help: "whether it sends" },
    warmup,
    targets: target,
  },
  pool: {
    sources: { type: "list", help: "its sources: mta1,mta2:3 (three times the share)" },
    overflow: { type: "text", help: "the pool that carries what this one may not" },
  },
  stream: {
    kind: { type: "text", choices: [...streamKinds], help: "what mail it is" },
    pool: { type: "text", help: "the pool that it leaves by" },
    overflow: { type: "text", choices: [...overflowPolicies], help: "what becomes of mail beyond a warm-up's quota" },
    weight: { type: "number", help: "its share of its tenant's turns" },
    lifetime: { type: "text", help: "how long it is tried, like 24h" },
    retryDelays: { type: "list", help: "waits between attempts, like 1m,5m,1h" },
    tracking: { type: "text", choices: [...trackings], help: "whether opens and clicks are counted" },
    confirms: {
      type: "flag",
      help: "its mail confirms what somebody filled into a form (sign-ups): nobody gets more than a few in an hour",
    },
    verp: { type: "flag", help: "return paths that name the message (--verp=false for none)" },
  },
  tenant: {
    weight: { type: "number", help: "its share of turns, beside other tenants" },
    state: { type: "text", choices: [...tenantStates], help: "whether it may send" },
    reason: { type: "text", help: "why, for the tenant to read" },
    stream: { type: "text", help: "the stream of mail that names none" },
    tracking: { type: "text", choices: [...trackings], help: "whether opens and clicks of its marketing are counted" },
    tls: { type: "text", choices: ["opportunistic", "required"], help: "required: its mail never goes in the clear" },
    seeds: { type: "flag", help: "its campaigns go to our seed mailboxes too (--seeds=false for none)" },
  },
  domain: {
    tenant: { type: "text", help: "whose it is" },
    returnPath: { type: "text", help: "the host at which bounces come back, with an MX record that leads here" },
    feedback: { type: "text", help: "the address of CFBL-Address (RFC 9477)" },
    trackingHost: { type: "text", help: "the host of links whose clicks are counted, like links.shop.example" },
    warmup,
    targets: target,
  },
  campaign: {
    stream: { type: "text", help: "the stream that it belongs to" },
    state: {
      type: "text",
      choices: [...campaignStates],
      help: "whether it is sent; what waits of it when it is stopped is never sent",
    },
    reason: { type: "text", help: "why" },
  },
} as const satisfies { readonly [kind in Kind]: Arguments };

const words: { readonly [kind in Kind]: string } = {
  source: "source",
  pool: "pool",
  stream: "stream",
  tenant: "sending tenant",
  domain: "sending domain",
  campaign: "campaign",
};

/** As a person reads it; left out where it was always so. */
const sinceOf = (value: object): { readonly since?: string | undefined } =>
  "since" in value ? { since: value.since === 0 ? undefined : time(value.since as number) } : {};

/** The result of a change, with what an administrator should know. */
function outcomeOf(edited: Edited & { readonly canceled?: number }): Outcome {
  if (edited.kind === "refused") return no(edited.why);
  const { warnings, value, canceled } = edited;
  return done({
    ...(value as object),
    ...sinceOf(value as object),
    ...(canceled === undefined ? {} : { canceled }),
    ...(warnings.length === 0 ? {} : { warnings }),
  });
}

/** "gmail=200000" into what is kept, laid over what was there; a refusal is a sentence. */
function targetsOf(
  given: readonly string[],
  known: { readonly [provider: string]: number },
  world: World,
): { readonly [provider: string]: number } | string {
  const targets: { [provider: string]: number } = { ...known };
  for (const text of given) {
    const [provider = "", count = ""] = text.split("=");
    if (!/^\d{1,9}$/.test(count)) return `--targets "${text}" is no target: write gmail=200000.`;
    const providers = world.sending?.providers();
    if (providers !== undefined && !providers.includes(provider) && provider !== "other")
      return `There is no provider "${provider}"; there are ${providers.join(", ")} and other.`;
    if (Number(count) === 0) delete targets[provider];
    else targets[provider] = Number(count);
  }
  return targets;
}

function commandsOf(kind: Kind): readonly Command[] {
  const word = words[kind];
  const args: Arguments = {
    name: { ...name, help: kind === "campaign" ? "tenant/campaign" : "its name" },
    ...options[kind],
  };
  const put =
    (make: "new" | "known") =>
    async (given: Given<Arguments>, world: World): Promise<Outcome> => {
      const {
        name: named,
        targets,
        ...fields
      } = given as { readonly name: string; readonly targets?: readonly string[] };
      const change: { [field: string]: unknown } = Object.fromEntries(
        Object.entries(fields).filter(([, value]) => value !== undefined),
      );
      if (targets !== undefined) {
        const known = (await loadModel(world.store))[kind].get(named) as { readonly targets?: object } | undefined;
        const read = targetsOf(targets, { ...(known?.targets as { [provider: string]: number } | undefined) }, world);
        if (typeof read === "string") return no(read);
        change["targets"] = read;
      }
      return outcomeOf(await steer(world, kind, named, change, make, world.sending?.file));
    };
  return [
    command(`${word} add`, `Adds ${about[kind]}.`, args, put("new")),
    command(`${word} set`, `Changes ${about[kind]}.`, args, put("known")),
    command(
      `${word} remove`,
      `Removes ${about[kind]}.`,
      { name: { ...name, help: "its name" } },
      async (given, world) => outcomeOf(await removeThing(world.store, kind, given.name, world.sending?.file)),
    ),
    command(`${word} list`, `Lists all: ${about[kind]}.`, {}, async (_, { store, sending }) => {
      const model = await loadModel(store, sending?.file);
      return done(
        [...model[kind]].map(([named, value]) => ({
          name: named,
          ...shownThing(value),
          ...sinceOf(value),
          ...(model.fixed.has(`${kind} ${named}`) ? { inFile: true } : {}),
        })),
      );
    }),
  ];
}

export const sendingCommands: readonly Command[] = [
  ...(Object.keys(words) as Kind[]).flatMap(commandsOf),
  command(
    "sending export",
    "The whole model of sending as the text of a file (TOML).",
    {},
    async (_, { store, sending }) => done(writeModelFile(await loadModel(store, sending?.file))),
    (text: string) => text,
  ),
  command(
    "sending import",
    "Takes over the model of sending that a file describes.",
    { file: { type: "file", placed: true, required: true, help: 'a file as "sending export" writes it' } },
    async ({ file }, { store }) => {
      const read = await importModel(store, file);
      if (read.kind === "done") return done({ things: read.things });
      return no(read.mistakes.map((mistake) => describeMistake(undefined, mistake)).join("\n"));
    },
  ),
  command("sending check", "What will not work as one may think.", {}, async (_, { store, sending }) =>
    done(
      warningsHere(await loadModel(store, sending?.file)).map(
        ({ kind, name: named, message }) => `${kind} "${named}": ${message}`,
      ),
    ),
  ),
];
