/** Notices of new mail while no page is open: a push service on this machine stands for the browser's, everything else is real. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { accessible, eventually, picture, startPages } from "./browser.ts";
import { startPushService } from "./push-service.ts";
import { seedMail } from "./seed.ts";

test("notices of new mail", async (t) => {
  const pages = await startPages(t);
  const service = await startPushService();
  t.after(service.stop);
  const [user = ""] = pages.dev.ready.users;
  const ann = await pages.person();
  const { page, context } = ann;
  await context.grantPermissions(["notifications"]);
  await context.addInitScript(({ endpoint, keys }) => {
    const asked: unknown[] = [];
    const subscription = {
      endpoint,
      toJSON: () => ({ endpoint, keys }),
      unsubscribe: async () => {
        localStorage.setItem("test.unsubscribed", "yes");
        return true;
      },
    };
    if (!("PushManager" in globalThis)) return;
    Object.assign(globalThis, { asked });
    PushManager.prototype.subscribe = async (options) => {
      asked.push(options);
      return subscription as unknown as PushSubscription;
    };
    PushManager.prototype.getSubscription = async () => subscription as unknown as PushSubscription;
  }, service);
  await ann.signIn();
  await page.getByText("All done").waitFor();
  await page.evaluate(() => navigator.serviceWorker.ready.then(() => true));
  const cdp = await context.newCDPSession(page);
  const registrations: { registrationId: string }[] = [];
  cdp.on("ServiceWorker.workerRegistrationUpdated", (event) => registrations.push(...event.registrations));
  await cdp.send("ServiceWorker.enable");
  let handed = 0;
  /** Hands on what came to the push service since, as the browser does. */
  const handOn = async (): Promise<void> => {
    for (; handed < service.messages.length; handed++)
      await cdp.send("ServiceWorker.deliverPushMessage", {
        origin: `${pages.origin}/`,
        registrationId: registrations[0]?.registrationId ?? "",
        data: service.messages[handed]?.text ?? "",
      });
  };
  /** The browser may have ended it. */
  const worker = async () => {
    const scopeURL = `${pages.origin}/`;
    if (context.serviceWorkers().length === 0) await cdp.send("ServiceWorker.startWorker", { scopeURL });
    await eventually(async () => context.serviceWorkers().length > 0, "the service worker runs");
    return context.serviceWorkers()[0]!;
  };
  const shown = async (): Promise<{ title: string; body: string }[]> =>
    (await worker()).evaluate(async () => {
      const { registration } = globalThis as unknown as { registration: ServiceWorkerRegistration };
      return (await registration.getNotifications()).map(({ title, body }) => ({ title, body }));
    });
  /** Leaves the page, and waits until the browser knows of nobody who looks at it: to who looks nothing is told. */
  const leave = async (): Promise<void> => {
    await page.goto("about:blank");
    await eventually(
      async () =>
        (await (
          await worker()
        ).evaluate(async () => {
          const { clients } = globalThis as unknown as { clients: { matchAll(of: object): Promise<unknown[]> } };
          return (await clients.matchAll({ type: "window", includeUncontrolled: true })).length;
        })) === 0,
      "the page is closed",
    );
  };
  const arrives = (subject: string, mailbox = "inbox") =>
    seedMail(pages.origin, user, "pw", [
      { from: "Uma Lee <uma@x.test>", subject, text: "Are you there?", ago: 0, mailbox },
    ]);

  await t.test("are turned on in the settings; the server proves itself and is proved to", async () => {
    await page.goto(`${pages.origin}/#/settings/notices`);
    await page.getByRole("button", { name: "Turn on notifications" }).click();
    await page.getByText("also while this page is closed").waitFor();
    await accessible(page, "settings of notices");
    await picture(page, "notices");
    await eventually(async () => service.messages.length === 1, "the verification has come");
    const [verification] = service.messages;
    assert.equal(JSON.parse(verification?.text ?? "")["@type"], "PushVerification");
    assert.equal(verification?.headers["content-encoding"], "aes128gcm");
    assert.match(String(verification?.headers["authorization"]), /^vapid t=/);
    const asked = await page.evaluate(
      () => (globalThis as unknown as { asked: { userVisibleOnly: boolean; applicationServerKey: string }[] }).asked,
    );
    const key = String(verification?.headers["authorization"]).split("k=")[1];
    assert.deepEqual(
      asked,
      [{ userVisibleOnly: true, applicationServerKey: key }],
      "signed with the key it was subscribed with",
    );
    await handOn();
  });

  await t.test("tell that there is mail, and no more unless that is wished", async () => {
    await eventually(async () => {
      await arrives("A secret plan");
      return service.messages.length > handed;
    }, "a push has come");
    assert.ok(
      service.wire.every((body) => !body.includes("secret")),
      "nothing of it goes over the wire",
    );
    assert.ok(
      service.messages.every(({ text }) => !text.includes("secret")),
      "nor to the push service",
    );
    // Who looks at the page needs no notice.
    await handOn();
    assert.deepEqual(await shown(), []);
    // Nobody does any more.
    await leave();
    await arrives("Another plan");
    await eventually(async () => {
      await handOn();
      return (await shown()).length > 0;
    }, "a notice is shown");
    const [notice] = await shown();
    assert.match(notice?.title ?? "", /^New message/);
    assert.doesNotMatch(JSON.stringify(notice), /Uma|plan/);
  });

  await t.test("with sender and subject where that is wished, of the folders that are chosen", async () => {
    await page.goto(`${pages.origin}/#/settings/notices`);
    await page.getByLabel("Show sender and subject").check();
    // Who leaves before the wish is kept has not wished.
    await page.locator('fieldset[aria-busy="false"]').waitFor();
    await leave();
    // More than one answer of changes holds stands before the one that is told.
    const talk = await arrives("In the junk", "junk");
    const junk = await talk.mailbox("junk");
    const found = await talk.calls(
      ["Email/query", { filter: { inMailbox: junk } }, "q"],
      ["Email/get", { "#ids": { resultOf: "q", name: "Email/query", path: "/ids" }, properties: ["blobId"] }, "g"],
    );
    const one = { blobId: found[1]?.[1].list[0].blobId, mailboxIds: { [junk]: true } };
    const many = Object.fromEntries(Array.from({ length: 300 }, (_, i) => [`m${i}`, one]));
    for (let times = 0; times < 2; times++) {
      const [made] = await talk.calls(["Email/import", { emails: many }]);
      assert.equal(Object.keys(made?.[1].created).length, 300);
    }
    await arrives("Tea at five?");
    const told = eventually(async () => {
      await handOn();
      return (await shown()).some(({ title, body }) => title === "Uma Lee" && body.includes("Tea"));
    }, "a notice with the sender is shown");
    await told.catch(async (error: Error) => {
      const last = service.messages.at(-1)?.text;
      const asked = (await worker()).evaluate(
        () =>
          new Promise<unknown>((resolve) => {
            const { indexedDB } = globalThis as unknown as { indexedDB: IDBFactory };
            const opening = indexedDB.open("angarium-notices");
            opening.onblocked = opening.onerror = () => resolve(`${opening.error ?? "blocked"}`);
            opening.onsuccess = () => {
              if (!opening.result.objectStoreNames.contains("notices")) return resolve("nothing");
              const now = opening.result.transaction("notices").objectStore("notices").get("now");
              now.onsuccess = () => resolve(now.result);
            };
          }),
      );
      const kept = await Promise.race([asked, new Promise((late) => setTimeout(late, 5_000, "no answer"))]);
      throw new Error(
        `${error.message}: ${JSON.stringify(await shown())}, ${handed} handed on, at last ${last}; kept: ${JSON.stringify(kept)}`,
      );
    });
    assert.ok(service.messages.length < 100, "what comes together is told together");
    const all = JSON.stringify(await shown());
    assert.match(all, /Tea at five\?.*Are you there\?/);
    assert.doesNotMatch(all, /In the junk/);
  });

  await t.test("end with the session", async () => {
    // The page asks at its start whether the subscription still stands: who is quicker than the answer has turned it off all the same.
    const late = Promise.withResolvers<void>();
    await page.route("**/jmap/**", async (route) => {
      if (route.request().postData()?.includes("PushSubscription/get")) await late.promise;
      await route.continue();
    });
    const asked = page.waitForRequest((request) => request.postData()?.includes("PushSubscription/get") === true);
    await page.goto(`${pages.origin}/#/settings/notices`);
    await asked;
    await page.getByRole("button", { name: "Turn off notifications" }).click();
    // Time to be quicker, and then to subscribe once more.
    setTimeout(late.resolve, 300);
    await (await asked).response();
    await page.waitForTimeout(300);
    await page.getByText("New mail is not told").waitFor();
    const talk = await seedMail(pages.origin, user, "pw", []);
    const [left] = await talk.calls(["PushSubscription/get", { ids: null, accountId: undefined }]);
    assert.deepEqual(left?.[1].list, []);
    assert.equal(await page.evaluate(() => localStorage.getItem("test.unsubscribed")), "yes");
    assert.deepEqual(await shown(), []);
  });
  assert.deepEqual(ann.complaints, []);
});
