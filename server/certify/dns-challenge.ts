/** Puts the TXT records of DNS-01 (RFC 8555 §8.4) into a zone by dynamic update, over TCP. */
import { setTimeout as wait } from "node:timers/promises";
import { makeDnsUpdater } from "../net/dns-update.ts";
import type { AcmeSettings } from "./settings.ts";

const ttlSeconds = 60;

export type DnsChallenge = {
  add(name: string, text: string): Promise<void>;
  remove(name: string, text: string): Promise<void>;
};

/** Throws a sentence where the settings lack something. Its operations reject with one where the server refuses. */
export function makeDnsChallenge(settings: AcmeSettings, now: () => number): DnsChallenge {
  const updater = makeDnsUpdater(settings, now);
  // Without a zone of its own setting: the name without its first label ("mail.example.org" is in "example.org").
  const send = (name: string, text: string, action: "add" | "delete"): Promise<void> =>
    updater.change(settings.dnsZone !== "" ? settings.dnsZone : name.split(".").slice(2).join("."), [
      { action, name, type: "TXT", value: text, ttlSeconds },
    ]);
  return {
    async add(name, text) {
      await send(name, text, "add");
      await wait(settings.dnsWaitMs); // other servers of the zone fetch it
    },
    remove: (name, text) => send(name, text, "delete"),
  };
}
