/** Calendar invitations: what they say, and answers that calendars understand. */
import assert from "node:assert/strict";
import { test } from "node:test";
import ICAL from "ical.js";
import { readInvitation, replyTo } from "../../webmail/src/calendar/invitation.ts";
import { JmapTalk } from "../jmap-talk.ts";
import { accessible, eventually, note, picture, row, startPages } from "./browser.ts";
import { type Seed, seedMail } from "./seed.ts";

const event = (method: string, ...lines: readonly string[]): string =>
  [
    "BEGIN:VCALENDAR",
    "VERSION:2.0",
    "PRODID:-//Test//EN",
    `METHOD:${method}`,
    "BEGIN:VEVENT",
    "UID:harbour-1@x.test",
    "DTSTAMP:20300101T000000Z",
    ...lines,
    "END:VEVENT",
    "END:VCALENDAR",
    "",
  ].join("\r\n");

test("invitations are read, with their zones", () => {
  const read = (...lines: readonly string[]) => readInvitation(event("REQUEST", ...lines));
  const iso = (at: number | undefined) => (at === undefined ? undefined : new Date(at).toISOString());
  // A zone that the file does not define, in summer and in winter.
  assert.equal(iso(read("DTSTART;TZID=America/New_York:20300701T090000")?.start), "2030-07-01T13:00:00.000Z");
  assert.equal(iso(read("DTSTART;TZID=America/New_York:20300101T090000")?.start), "2030-01-01T14:00:00.000Z");
  const timed = read("DTSTART:20300701T090000Z", "DURATION:PT90M", "SUMMARY:Rowing\\, together", "SEQUENCE:3");
  assert.deepEqual(
    [iso(timed?.end), timed?.summary, timed?.sequence],
    ["2030-07-01T10:30:00.000Z", "Rowing, together", 3],
  );
  const day = read("DTSTART;VALUE=DATE:20300701", "DTEND;VALUE=DATE:20300703");
  assert.equal(day?.allDay, true);
  assert.equal(new Date(day?.start ?? 0).getDate(), 1);
  assert.deepEqual(read("DTSTART:20300701T090000Z", "RRULE:FREQ=WEEKLY;INTERVAL=2;COUNT=5")?.repeats, {
    every: "weekly",
    interval: 2,
    until: undefined,
    count: 5,
  });
  // A zone under a name of its own, with its rules beside it.
  const zoned = event("REQUEST", "DTSTART;TZID=Our Time:20300701T090000").replace(
    "BEGIN:VEVENT",
    "BEGIN:VTIMEZONE\r\nTZID:Our Time\r\nBEGIN:STANDARD\r\nDTSTART:16010101T000000\r\nTZOFFSETFROM:+0530\r\nTZOFFSETTO:+0530\r\nEND:STANDARD\r\nEND:VTIMEZONE\r\nBEGIN:VEVENT",
  );
  assert.equal(iso(readInvitation(zoned)?.start), "2030-07-01T03:30:00.000Z");
  assert.match(
    replyTo(readInvitation(zoned) as never, zoned, { name: "", email: "a@x.test" }, "DECLINED", "", 0),
    /TZID:Our Time/,
  );
  for (const broken of [
    "",
    "BEGIN:VCALENDAR",
    "nonsense",
    event("REQUEST").replace("UID:harbour-1@x.test\r\n", ""),
    "BEGIN:VEVENT\r\nUID:1\r\nEND:VEVENT",
  ])
    assert.equal(readInvitation(broken), undefined, broken);
});

test("an answer names one attendee and nobody else", () => {
  const file = event(
    "REQUEST",
    "ORGANIZER;CN=Org:mailto:org@x.test",
    "ATTENDEE;PARTSTAT=NEEDS-ACTION:mailto:a@x.test",
    "ATTENDEE:mailto:b@x.test",
    "RECURRENCE-ID:20300708T090000Z",
    "DTSTART:20300701T090000Z",
    "SUMMARY:Rowing",
    "DESCRIPTION:secret",
  );
  const text = replyTo(
    readInvitation(file) as never,
    file,
    { name: 'A "B"', email: "a@x.test" },
    "ACCEPTED",
    "Gladly;\nwith cake",
    0,
  );
  const reply = ICAL.Component.fromString(text);
  const [answered, ...more] = reply.getFirstSubcomponent("vevent")?.getAllProperties("attendee") ?? [];
  assert.equal(reply.getFirstPropertyValue("method"), "REPLY");
  assert.deepEqual(
    [answered?.getFirstValue(), answered?.getFirstParameter("partstat"), more.length],
    ["mailto:a@x.test", "ACCEPTED", 0],
  );
  assert.match(text, /UID:harbour-1@x\.test\r\n/);
  assert.match(text, /RECURRENCE-ID:20300708T090000Z\r\n/);
  assert.match(text, /COMMENT:Gladly\\;\\nwith cake\r\n/);
  assert.match(text, /ORGANIZER;CN=Org:mailto:org@x\.test\r\n/);
  assert.doesNotMatch(text, /secret/);
});

test("invitations in the webmail", async (t) => {
  const pages = await startPages(t);
  const [user = "", friend = ""] = pages.dev.ready.users;
  const invitation = (from: string, subject: string, file: string, method: string, ago: number): Seed => ({
    from,
    subject,
    ago,
    entity: `Content-Type: multipart/alternative; boundary=alt\r\n\r\n--alt\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n${subject}\r\n--alt\r\nContent-Type: text/calendar; charset=utf-8; method=${method}\r\nContent-Transfer-Encoding: 8bit\r\n\r\n${file}\r\n--alt--\r\n`,
  });
  const lines = [
    "DTSTART;TZID=America/New_York:20300701T090000",
    "DTEND;TZID=America/New_York:20300701T103000",
    "SUMMARY:Harbour walk <img src=x onerror=alert(1)>",
    "LOCATION:Pier 4\\, north side",
    "DESCRIPTION:Bring a hat.\\nAnd water.",
    `ORGANIZER;CN=Nadia:mailto:${friend}`,
    `ATTENDEE;CN=Ann;PARTSTAT=NEEDS-ACTION;RSVP=TRUE:mailto:${user}`,
    "ATTENDEE;CN=Tom;PARTSTAT=ACCEPTED:mailto:tom@x.test",
    "ATTENDEE;CN=Uma;PARTSTAT=DECLINED;ROLE=OPT-PARTICIPANT:mailto:uma@x.test",
    "RRULE:FREQ=WEEKLY;COUNT=4",
  ];
  await seedMail(pages.origin, user, "pw", [
    invitation(`Nadia <${friend}>`, "Invitation: Harbour walk", event("REQUEST", ...lines), "REQUEST", 1),
    invitation("Mallory <m@evil.test>", "In her name", event("REQUEST", ...lines), "REQUEST", 2),
    invitation(
      `Nadia <${friend}>`,
      "Cancelled: Tea",
      event("CANCEL", "SUMMARY:Tea", "DTSTART:20300702T090000Z", "SEQUENCE:1"),
      "CANCEL",
      3,
    ),
    invitation(
      `Nadia <${friend}>`,
      "Not for you",
      event(
        "REQUEST",
        "SUMMARY:Others",
        "DTSTART:20300702T090000Z",
        `ORGANIZER:mailto:${friend}`,
        "ATTENDEE:mailto:tom@x.test",
      ),
      "REQUEST",
      4,
    ),
    invitation(`Nadia <${friend}>`, "Broken file", "BEGIN:VCALENDAR\r\nMETHOD:REQUEST\r\nnonsense", "REQUEST", 5),
  ]);
  const friendly = await new JmapTalk(pages.origin, friend, "pw").open();
  const ann = await pages.person();
  const { page } = ann;
  await ann.signIn();
  const card = page.locator("article.unfolded section");

  await t.test("says what, when (here and there), where, who", async () => {
    await row(ann, "Invitation: Harbour walk").click();
    await card.getByText("You are invited").waitFor();
    await card.getByText("Harbour walk <img src=x onerror=alert(1)>").waitFor();
    const shown = (await card.textContent()) ?? "";
    for (const part of [
      "Pier 4, north side",
      "Every week 4 times",
      "Tom",
      "comes",
      "Uma",
      "optional",
      "Bring a hat.",
      "(America/New York)",
    ])
      assert.ok(shown.includes(part), part);
    await accessible(page, "an invitation");
    await picture(page, "invitation");
  });

  await t.test("is answered, with a note, in words for people and for calendars", async () => {
    await card.getByRole("button", { name: "Add a note" }).click();
    await card.getByRole("textbox").fill("I bring the hats.");
    await card.getByRole("button", { name: "Accept" }).click();
    await note(ann, "Nadia has your answer.").waitFor();
    await card.getByText("You have accepted.").waitFor();
    await picture(page, "invitation-accepted");
    const got = async () =>
      (
        await friendly.calls(
          ["Email/query", { filter: { subject: "Accepted" } }, "q"],
          [
            "Email/get",
            {
              "#ids": { resultOf: "q", name: "Email/query", path: "/ids" },
              properties: ["subject", "attachments", "textBody", "bodyValues", "inReplyTo"],
              bodyProperties: ["type", "blobId", "partId", "headers"],
              fetchTextBodyValues: true,
            },
            "e",
          ],
        )
      )[1]?.[1].list[0];
    await eventually(async () => (await got()) !== undefined, "the organiser has the answer");
    const answer = await got();
    assert.match(
      Object.values(answer.bodyValues as { [id: string]: { value: string } })[0]?.value ?? "",
      /I bring the hats\./,
    );
    const [calendar] = answer.attachments as { blobId: string; headers: { name: string; value: string }[] }[];
    assert.match(
      calendar?.headers.find(({ name }) => name === "Content-Type")?.value ?? "",
      /text\/calendar; *method=REPLY/,
    );
    const file = await (
      await friendly.fetch(
        friendly.session.downloadUrl
          .replace("{accountId}", friendly.accountId)
          .replace("{blobId}", calendar?.blobId ?? "")
          .replace("{name}", "reply.ics")
          .replace("{type}", "text/calendar"),
      )
    ).text();
    const parsed = readInvitation(file);
    assert.deepEqual(
      [
        parsed?.method,
        parsed?.uid,
        parsed?.comment,
        parsed?.attendees.map(({ email, status }) => `${email} ${status}`),
      ],
      ["REPLY", "harbour-1@x.test", "I bring the hats.", [`${user} ACCEPTED`]],
    );
    // Minds change; what was answered last stands.
    await card.getByRole("button", { name: "Decline" }).click();
    await card.getByText("You have declined.").waitFor();
    await page.reload();
    await card.getByText("You have declined.").waitFor();
  });

  await t.test("says what is odd about it, and offers no answer where there is none to give", async () => {
    await row(ann, "In her name").click();
    await card.getByText("The sender is not the organiser").waitFor();
    await row(ann, "Cancelled: Tea").click();
    await card.getByText("This event is cancelled").waitFor();
    assert.equal(await card.getByRole("button", { name: "Accept" }).count(), 0);
    await row(ann, "Not for you").click();
    await card.getByText("You are not among those who are invited").waitFor();
    await row(ann, "Broken file").click();
    await page.locator("article.unfolded").getByText("Broken file").last().waitFor();
    assert.equal(await card.count(), 0);
  });

  await t.test("the organiser reads who comes, on a phone", async () => {
    const nadia = await pages.person({ size: "phone", theme: "dark" });
    await nadia.signIn(friend);
    await row(nadia, "Accepted: Harbour walk").first().click();
    await nadia.page
      .locator("article.unfolded section")
      .getByText("does not come")
      .or(nadia.page.getByText("comes"))
      .first()
      .waitFor();
    // A colleague wrote it, and it never left the server.
    await nadia.page.getByText("Sent by a signed-in person of this server").waitFor();
    assert.equal(await nadia.page.getByText("Came unencrypted").count(), 0);
    await accessible(nadia.page, "an answer on a phone");
    await picture(nadia.page, "invitation-reply-phone");
    await nadia.context.close();
  });
  assert.deepEqual(ann.complaints, []);
});
