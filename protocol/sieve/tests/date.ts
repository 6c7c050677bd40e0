/** RFC 5260: date and currentdate. */
import { parseDate } from "../../mime/fields/date.ts";
import type { Arguments, Compiler, TestRule } from "../compiler.ts";
import { matcherOf, matchTags } from "../matcher.ts";
import { ScriptError } from "../mistake.ts";
import type { Run } from "../run.ts";
import { indexTags, selectorOf } from "../select.ts";

const minuteMs = 60_000;
const dayMs = 86_400_000;
const two = (value: number): string => String(value).padStart(2, "0");
const dayNames = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];
const monthNames = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/** RFC 5260 §4.2: what can be asked of an instant; `local` is the instant moved by the zone. */
const dateParts: { readonly [name: string]: (local: Date, zoneMinutes: number) => string } = {
  year: (local) => String(local.getUTCFullYear()).padStart(4, "0"),
  month: (local) => two(local.getUTCMonth() + 1),
  day: (local) => two(local.getUTCDate()),
  date: (local) => isoDate(local),
  // Days since 1858-11-17.
  julian: (local) => String(Math.floor(local.getTime() / dayMs) + 40_587),
  hour: (local) => two(local.getUTCHours()),
  minute: (local) => two(local.getUTCMinutes()),
  second: (local) => two(local.getUTCSeconds()),
  time: (local) => clock(local),
  iso8601: (local, zone) => `${isoDate(local)}T${clock(local)}${isoZone(zone)}`,
  std11: (local, zone) =>
    `${dayNames[local.getUTCDay()]}, ${two(local.getUTCDate())} ${monthNames[local.getUTCMonth()]} ${local.getUTCFullYear()} ${clock(local)} ${zoneText(zone)}`,
  zone: (_, zone) => zoneText(zone),
  weekday: (local) => String(local.getUTCDay()),
};

function isoDate(local: Date): string {
  return `${String(local.getUTCFullYear()).padStart(4, "0")}-${two(local.getUTCMonth() + 1)}-${two(local.getUTCDate())}`;
}

function clock(local: Date): string {
  return `${two(local.getUTCHours())}:${two(local.getUTCMinutes())}:${two(local.getUTCSeconds())}`;
}

function zoneText(minutes: number): string {
  const all = Math.abs(minutes);
  return `${minutes < 0 ? "-" : "+"}${two(Math.floor(all / 60))}${two(all % 60)}`;
}

function isoZone(minutes: number): string {
  const text = zoneText(minutes);
  return `${text.slice(0, 3)}:${text.slice(3)}`;
}

function parseZone(text: string): number | undefined {
  const zone = /^([+-])(\d\d)([0-5]\d)$/.exec(text.trim());
  if (zone === null) return undefined;
  const minutes = Number(zone[2]) * 60 + Number(zone[3]);
  return zone[1] === "-" ? -minutes : minutes;
}

/** Minutes east of UTC that a date itself says; what it does not say is UTC. */
function ownZone(value: string, at: number): number {
  const numeric = /([+-]\d{4})\s*(?:\([^)]*\)\s*)*$/.exec(value)?.[1];
  if (numeric !== undefined) return parseZone(numeric) ?? 0;
  // A named zone: the same date read as UTC says how far it is.
  const utc = parseDate(value.replace(/\([^)]*\)/g, " ").replace(/\s+[A-Za-z]+\s*$/, " +0000"));
  return utc === undefined ? 0 : Math.round((utc - at) / minuteMs);
}

type ZoneOf = (run: Run, value: string | undefined, at: number) => number;

function zoneOf(c: Compiler, args: Arguments): ZoneOf {
  if (args.tags.has("originalzone")) return (_, value, at) => ownZone(value ?? "", at);
  const argument = args.tags.get("zone");
  if (argument === undefined) return (run, _, at) => run.world.zoneMinutes(at);
  const known = c.constant(argument);
  if (known !== undefined && parseZone(known) === undefined)
    throw new ScriptError(argument.at, `"${known}" is no time zone: "+0200" is one`);
  const text = c.text(argument);
  return (run, _, at) => parseZone(text(run)) ?? run.world.zoneMinutes(at);
}

function partOf(c: Compiler, args: Arguments, index: number): (run: Run) => (typeof dateParts)[string] | undefined {
  const argument = args.positional[index];
  const known = c.constant(argument)?.toLowerCase();
  if (known !== undefined && !Object.hasOwn(dateParts, known))
    throw new ScriptError(argument!.at, `"${known}" is no part of a date: ${Object.keys(dateParts).join(", ")} are`);
  const text = c.text(argument);
  return (run) => {
    const name = known ?? text(run).toLowerCase();
    return Object.hasOwn(dateParts, name) ? dateParts[name] : undefined;
  };
}

export const dateTests: { readonly [name: string]: TestRule } = {
  date: {
    needs: "date",
    compile: (node, c) => {
      const args = c.take(node, {
        tags: {
          ...matchTags,
          ...indexTags,
          zone: { value: "string", group: "zone" },
          originalzone: { group: "zone" },
        },
        positional: ["string", "string", "strings"],
      });
      const select = selectorOf(c, args, false);
      const name = c.text(args.positional[0]);
      const part = partOf(c, args, 1);
      const zone = zoneOf(c, args);
      const matches = matcherOf(c, args, args.positional[2]);
      return (run) => {
        const values: string[] = [];
        const read = part(run);
        if (read === undefined) return false;
        for (const whole of select(run, name(run).toLowerCase())) {
          run.spend(1);
          // Received and the like: the date stands behind the last semicolon.
          const value = whole.slice(whole.lastIndexOf(";") + 1).trim();
          const at = parseDate(value);
          if (at === undefined) continue;
          const minutes = zone(run, value, at);
          values.push(read(new Date(at + minutes * minuteMs), minutes));
        }
        return matches(run, values);
      };
    },
  },
  currentdate: {
    needs: "date",
    compile: (node, c) => {
      const args = c.take(node, {
        tags: { ...matchTags, zone: { value: "string" } },
        positional: ["string", "strings"],
      });
      const part = partOf(c, args, 0);
      const zone = zoneOf(c, args);
      const matches = matcherOf(c, args, args.positional[1]);
      return (run) => {
        const read = part(run);
        const { now } = run.world;
        const minutes = zone(run, undefined, now);
        return read !== undefined && matches(run, [read(new Date(now + minutes * minuteMs), minutes)]);
      };
    },
  },
};
