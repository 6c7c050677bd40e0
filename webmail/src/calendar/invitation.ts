/** Calendar invitations by mail (iTIP, RFC 5546; iMIP, RFC 6047): what they say, and the answer. Reading and writing iCalendar is ical.js's. */
import ICAL from "ical.js";

export type Method = "REQUEST" | "CANCEL" | "REPLY" | "COUNTER" | "PUBLISH" | "ADD" | "OTHER";
export type PartStat = "NEEDS-ACTION" | "ACCEPTED" | "DECLINED" | "TENTATIVE" | "DELEGATED";
export type Answer = "ACCEPTED" | "DECLINED" | "TENTATIVE";

export type Attendee = {
  readonly name: string;
  readonly email: string;
  readonly status: PartStat;
  readonly optional: boolean;
};

export type Repeats = {
  readonly every: "daily" | "weekly" | "monthly" | "yearly" | "other";
  readonly interval: number;
  readonly until: number | undefined;
  readonly count: number | undefined;
};

export type Invitation = {
  readonly method: Method;
  readonly uid: string;
  readonly sequence: number;
  /** One occurrence of a repeated event, as it stands in the file. */
  readonly recurrenceId: string | undefined;
  readonly summary: string;
  readonly location: string;
  readonly description: string;
  readonly comment: string;
  /** Milliseconds; of a day alone, its beginning here. */
  readonly start: number | undefined;
  readonly end: number | undefined;
  readonly allDay: boolean;
  /** The zone it was made in, as an IANA name where it is one. */
  readonly zone: string | undefined;
  readonly cancelled: boolean;
  readonly organizer: { readonly name: string; readonly email: string } | undefined;
  readonly attendees: readonly Attendee[];
  readonly repeats: Repeats | undefined;
};

/** Larger is no invitation. */
export const maxCalendarBytes = 1024 * 1024;
/** People who are shown; of a bigger meeting the rest is a number. */
export const maxAttendees = 500;
const maxTextChars = 20_000;

const methods: readonly Method[] = ["REQUEST", "CANCEL", "REPLY", "COUNTER", "PUBLISH", "ADD"];
const statuses: readonly PartStat[] = ["NEEDS-ACTION", "ACCEPTED", "DECLINED", "TENTATIVE", "DELEGATED"];
const addressOf = (value: unknown): string =>
  String(value ?? "")
    .replace(/^mailto:/i, "")
    .trim();
const text = (component: ICAL.Component, name: string): string =>
  String(component.getFirstPropertyValue(name) ?? "")
    .slice(0, maxTextChars)
    .trim();

function isZone(name: string): boolean {
  try {
    new Intl.DateTimeFormat("en", { timeZone: name });
    return true;
  } catch {
    return false;
  }
}

/** The wall clock of a zone that the file does not define, by the browser's own knowledge. */
function inZone(time: ICAL.Time, zone: string): number {
  const wall = Date.UTC(time.year, time.month - 1, time.day, time.hour, time.minute, time.second);
  const parts = new Intl.DateTimeFormat("en-US", {
    timeZone: zone,
    hourCycle: "h23",
    year: "numeric",
    month: "numeric",
    day: "numeric",
    hour: "numeric",
    minute: "numeric",
    second: "numeric",
  });
  const shown = (at: number): number => {
    const found = Object.fromEntries(parts.formatToParts(at).map(({ type, value }) => [type, Number(value)]));
    return Date.UTC(
      found["year"] ?? 0,
      (found["month"] ?? 1) - 1,
      found["day"],
      found["hour"],
      found["minute"],
      found["second"],
    );
  };
  const once = wall - (shown(wall) - wall);
  return wall - (shown(once) - once);
}

type Moment = { readonly at: number; readonly allDay: boolean; readonly zone: string | undefined };

function momentOf(property: ICAL.Property | null): Moment | undefined {
  const time = property?.getFirstValue();
  if (property === null || property === undefined || !(time instanceof ICAL.Time)) return undefined;
  const tzid = property.getFirstParameter("tzid") as string | undefined;
  const zone = tzid !== undefined && isZone(tzid) ? tzid : undefined;
  if (time.isDate)
    return { at: new Date(time.year, time.month - 1, time.day).getTime(), allDay: true, zone: undefined };
  // What the browser knows of a zone is newer than what a file says of it.
  if (zone !== undefined) return { at: inZone(time, zone), allDay: false, zone };
  return { at: time.toJSDate().getTime(), allDay: false, zone: undefined };
}

function repeatsOf(event: ICAL.Component): Repeats | undefined {
  const rule = event.getFirstPropertyValue("rrule");
  if (!(rule instanceof ICAL.Recur)) return undefined;
  const every = rule.freq.toLowerCase();
  return {
    every: every === "daily" || every === "weekly" || every === "monthly" || every === "yearly" ? every : "other",
    interval: rule.interval ?? 1,
    until: rule.until?.toJSDate().getTime(),
    count: rule.count ?? undefined,
  };
}

/** The event of a calendar file, with the method that makes it an invitation; undefined where it is none. */
export function readInvitation(file: string): Invitation | undefined {
  let calendar: ICAL.Component;
  try {
    calendar = ICAL.Component.fromString(file);
  } catch {
    return undefined;
  }
  if (calendar.name !== "vcalendar") return undefined;
  for (const zone of calendar.getAllSubcomponents("vtimezone").slice(0, 20)) ICAL.TimezoneService.register(zone);
  try {
    return read(calendar);
  } catch {
    // A date that is none, somewhere.
    return undefined;
  } finally {
    ICAL.TimezoneService.reset();
  }
}

function read(calendar: ICAL.Component): Invitation | undefined {
  const event = calendar.getFirstSubcomponent("vevent");
  const uid = event === null ? "" : text(event, "uid");
  if (event === null || uid === "") return undefined;
  const said = text(calendar, "method").toUpperCase();
  const start = momentOf(event.getFirstProperty("dtstart"));
  let end = momentOf(event.getFirstProperty("dtend"))?.at;
  const duration = event.getFirstPropertyValue("duration");
  if (end === undefined && start !== undefined && duration instanceof ICAL.Duration)
    end = start.at + duration.toSeconds() * 1000;
  const organizer = event.getFirstProperty("organizer");
  return {
    method: methods.find((one) => one === said) ?? "OTHER",
    uid,
    sequence: Number(text(event, "sequence")) || 0,
    recurrenceId: event.getFirstProperty("recurrence-id")?.toICALString(),
    summary: text(event, "summary"),
    location: text(event, "location"),
    description: text(event, "description"),
    comment: text(event, "comment"),
    start: start?.at,
    end,
    allDay: start?.allDay ?? false,
    zone: start?.zone,
    cancelled: said === "CANCEL" || text(event, "status").toUpperCase() === "CANCELLED",
    organizer:
      organizer === null
        ? undefined
        : { name: String(organizer.getFirstParameter("cn") ?? ""), email: addressOf(organizer.getFirstValue()) },
    attendees: event
      .getAllProperties("attendee")
      .slice(0, maxAttendees)
      .map((one) => ({
        name: String(one.getFirstParameter("cn") ?? ""),
        email: addressOf(one.getFirstValue()),
        status:
          statuses.find((status) => status === String(one.getFirstParameter("partstat") ?? "").toUpperCase()) ??
          "NEEDS-ACTION",
        optional: String(one.getFirstParameter("role") ?? "").toUpperCase() === "OPT-PARTICIPANT",
      })),
    repeats: repeatsOf(event),
  };
}

/**
 * The answer of one attendee (RFC 5546 §3.2.3): of the event only what names it.
 * @param now milliseconds
 */
export function replyTo(
  invitation: Invitation,
  file: string,
  as: { readonly name: string; readonly email: string },
  answer: Answer,
  comment: string,
  now: number,
): string {
  const asked = ICAL.Component.fromString(file).getFirstSubcomponent("vevent");
  const reply = new ICAL.Component("vcalendar");
  reply.updatePropertyWithValue("prodid", "-//Angarium//Webmail//EN");
  reply.updatePropertyWithValue("version", "2.0");
  reply.updatePropertyWithValue("method", "REPLY");
  // RFC 5545 §3.6: a time in a zone stands beside the zone.
  for (const zone of ICAL.Component.fromString(file).getAllSubcomponents("vtimezone")) reply.addSubcomponent(zone);
  const event = new ICAL.Component("vevent");
  event.updatePropertyWithValue("uid", invitation.uid);
  event.updatePropertyWithValue("sequence", invitation.sequence);
  event.updatePropertyWithValue("dtstamp", ICAL.Time.fromJSDate(new Date(now), true));
  for (const name of ["organizer", "recurrence-id", "dtstart", "dtend", "duration", "summary"]) {
    const found = asked?.getFirstProperty(name);
    if (found) event.addProperty(ICAL.Property.fromString(found.toICALString()));
  }
  const attendee = new ICAL.Property("attendee");
  attendee.setValue(`mailto:${as.email}`);
  attendee.setParameter("partstat", answer);
  if (as.name !== "") attendee.setParameter("cn", as.name.replace(/["\r\n]/g, " "));
  event.addProperty(attendee);
  if (comment !== "") event.updatePropertyWithValue("comment", comment);
  reply.addSubcomponent(event);
  return `${reply.toString()}\r\n`;
}
