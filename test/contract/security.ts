/** Second factors, sessions and invitations. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import type { Store } from "../../server/store/store.ts";
import { newAccount, noon, type Open, type Opened } from "./world.ts";

export function securityContract(open: Open): void {
  describe("how people prove who they are", () => {
    let world: Opened;
    let store: Store;
    before(async () => {
      world = await open();
      store = world.store;
    });
    after(() => world.close());

    test("a password's form is raised only where it is still the one that was seen", async () => {
      const { id: account } = await newAccount(store);
      const sealed = {
        kind: "password",
        label: "",
        argon2id: "$sealed$abc",
        scramSha256: "",
        createdAt: noon,
      } as const;
      await store.putCredential(account, { ...sealed, expiresAt: undefined });
      const [found, ...more] = await store.sealedCredentials({ account: account - 1, id: 1e9 }, 10);
      assert.equal(more.length, 0);
      assert.deepEqual(found, (await store.credentials(account))[0]);
      assert.deepEqual(await store.sealedCredentials(found!, 10), []);
      const after = { argon2id: "$argon2id$x", scramSha256: "y" };
      assert.equal(await store.raiseCredential(account, found!.id, "$sealed$abd", after), "changed");
      assert.equal(await store.raiseCredential(account, found!.id, "$sealed$abc", after), "done");
      assert.equal(await store.raiseCredential(account, found!.id, "$sealed$abc", after), "changed");
      assert.deepEqual(await store.credentials(account), [{ ...found, ...after }]);
      assert.deepEqual(await store.sealedCredentials({ account: 0, id: 0 }, 10), []);
    });

    test("sealed passwords come in pages, and none is skipped where two of an account lie on both sides of an end", async () => {
      const made = [];
      for (const name of ["s1", "s2", "s3"]) {
        const two = ["a", "b"].map((part) => ({
          kind: "password" as const,
          label: part,
          argon2id: `$sealed$${name}${part}`,
          scramSha256: "",
          createdAt: noon,
          expiresAt: undefined,
        }));
        const account = { name: `${name}@example.org`, displayName: "", role: "user", quotaBytes: 0 } as const;
        await store.putDomain({ name: "example.org", kind: "local", settings: {} });
        const answer = await store.createAccount(account, two, noon);
        assert.equal(answer.kind, "done");
        made.push(...two.map(({ argon2id }) => argon2id));
      }
      const found: string[] = [];
      for (let after = { account: 0, id: 0 }; ; ) {
        const page = await store.sealedCredentials(after, 3);
        found.push(...page.map(({ argon2id }) => argon2id));
        const last = page.at(-1);
        if (last === undefined) break;
        after = last;
      }
      assert.deepEqual(found, made);
    });

    test("factors: put, found by key, changed by one only, removed with the account", async () => {
      const { id: account } = await newAccount(store);
      const { id: other } = await newAccount(store);
      let published = 0;
      const end = store.subscribe((changes) => {
        published += changes.filter(({ kind }) => kind === "directory").length;
      });
      const data = { counter: 0, publicKey: "abc" };
      const put = await store.putFactor(account, { kind: "passkey", key: "k1", label: "phone", data }, noon);
      assert.equal(put.kind, "done");
      assert.ok(published > 0, "whoever remembers the account hears of it");
      end();
      assert.deepEqual(await store.putFactor(other, { kind: "passkey", key: "k1", label: "", data }, noon), {
        kind: "taken",
      });
      const found = await store.factorByKey("passkey", "k1");
      assert.deepEqual(found, {
        id: put.kind === "done" ? put.id : 0,
        account,
        kind: "passkey",
        key: "k1",
        label: "phone",
        data,
        createdAt: noon,
        usedAt: undefined,
      });
      assert.equal(await store.factorByKey("passkey", ""), undefined);
      assert.equal(await store.factorByKey("identity", "k1"), undefined);
      const after = { counter: 1, publicKey: "abc" };
      const both = await Promise.all(
        [1, 2].map((n) => store.changeFactor(account, found!.id, data, { data: after, usedAt: noon + n })),
      );
      assert.deepEqual([...both].sort(), ["changed", "done"], "who comes second is told");
      assert.deepEqual((await store.factors(account))[0]?.data, after);
      assert.equal(await store.removeFactors(account, ["totp", "recovery"]), 0);
      assert.equal(await store.removeFactors(account, ["totp", "passkey"]), 1);
      await store.putFactor(account, { kind: "identity", key: "iss sub", label: "", data: {} }, noon);
      await store.removeAccount(account);
      assert.equal(await store.factorByKey("identity", "iss sub"), undefined);
      assert.deepEqual(await store.putFactor(account, { kind: "totp", key: "", label: "", data: {} }, noon), {
        kind: "no-account",
      });
    });

    test("a second factor shows at the password, and at no app password; scopes and use are kept", async () => {
      const { id } = await newAccount(store);
      const hash = { argon2id: "x", scramSha256: "", createdAt: noon, expiresAt: undefined };
      await store.putCredential(id, { kind: "password", label: "", ...hash });
      const app = await store.putCredential(id, { kind: "app-password", label: "phone", ...hash, scopes: ["imap"] });
      const totp = await store.putFactor(id, { kind: "totp-new", key: "", label: "", data: { secret: "s" } }, noon);
      assert.equal(totp.kind, "done");
      assert.ok((await store.credentials(id)).every(({ secondFactor }) => secondFactor === undefined));
      const factor = totp.kind === "done" ? totp.id : 0;
      await store.changeFactor(id, factor, { secret: "s" }, { kind: "totp" });
      await store.credentialUsed(id, app, noon + 5);
      const [password, phone] = await store.credentials(id);
      assert.deepEqual([password?.secondFactor, password?.scopes], [true, undefined]);
      assert.deepEqual([phone?.secondFactor, phone?.scopes, phone?.usedAt], [undefined, ["imap"], noon + 5]);
      await store.removeFactors(id, factor);
      assert.equal((await store.credentials(id))[0]?.secondFactor, undefined);
    });

    test("sending limits of an app password: put, listed, taken over, gone with it and with its account", async () => {
      const { id, name } = await newAccount(store);
      const hash = { argon2id: "x", scramSha256: "", createdAt: noon, expiresAt: undefined };
      const own = await store.putCredential(id, { kind: "password", label: "", ...hash });
      const phone = await store.putCredential(id, { kind: "app-password", label: "phone", ...hash });
      const brought = { kind: "app-password", label: "tablet", ...hash, limits: { recipientsPerDay: 9 } } as const;
      const tablet = await store.putCredential(id, brought);
      const mine = async () =>
        (await store.limitedCredentials({ account: id - 1, id: 1e9 }, 10)).map((row) => ({ ...row }));
      const atTablet = { account: id, name, id: tablet, label: "tablet", limits: { recipientsPerDay: 9 } };
      assert.deepEqual(await mine(), [atTablet]);
      assert.equal(await store.limitCredential(id, phone, { messagesPerHour: 3 }), "done");
      assert.equal(await store.limitCredential(id, own, { messagesPerHour: 3 }), "missing", "a password has none");
      assert.equal(await store.limitCredential(id + 1, phone, {}), "missing");
      const atPhone = { account: id, name, id: phone, label: "phone", limits: { messagesPerHour: 3 } };
      assert.deepEqual(await mine(), [atPhone, atTablet]);
      assert.deepEqual(
        (await store.limitedCredentials({ account: id, id: phone }, 1)).map((one) => one.id),
        [tablet],
      );
      const shown = (await store.credentials(id)).map(({ limits }) => limits);
      assert.deepEqual(shown, [undefined, { messagesPerHour: 3 }, { recipientsPerDay: 9 }]);
      assert.equal(await store.limitCredential(id, phone, undefined), "done");
      assert.deepEqual(await mine(), [atTablet]);
      await store.limitCredential(id, phone, { messagesPerHour: 4 });
      await store.removeCredential(id, phone);
      assert.deepEqual(await mine(), [atTablet]);
      await store.removeAccount(id);
      assert.deepEqual(await mine(), []);
    });

    test("sessions are ended by a name that opens nothing, and by their owner only", async () => {
      const { id: account } = await newAccount(store);
      const session = { account, kind: "token", label: "phone", createdAt: noon, expiresAt: noon + 10 } as const;
      await store.webSessionPut("a".repeat(64), session);
      await store.webSessionPut("b".repeat(64), session);
      const { id: other } = await newAccount(store);
      assert.equal(await store.webSessionEnd(other, "a".repeat(16)), "missing");
      assert.equal(await store.webSessionEnd(account, "a".repeat(16)), "done");
      assert.equal(await store.webSession("a".repeat(64)), undefined);
      assert.equal((await store.webSessions(account)).length, 1);
    });

    test("an invitation is good once, and not for ever", async () => {
      const invitation = { name: "new@contract.test", data: { quotaBytes: 5 }, createdAt: noon, expiresAt: noon + 9 };
      const hash = "c".repeat(64);
      await store.putInvitation(hash, invitation);
      assert.deepEqual(await store.invitations(), [{ id: "c".repeat(16), ...invitation }]);
      const taken = await Promise.all([store.takeInvitation(hash), store.takeInvitation(hash)]);
      assert.equal(taken.filter((one) => one !== undefined).length, 1);
      await store.putInvitation(hash, invitation);
      assert.equal(await store.removeInvitation("c".repeat(16)), "done");
      assert.equal(await store.removeInvitation("c".repeat(16)), "missing");
      await store.putInvitation(hash, invitation);
      await store.tidy(noon + 10);
      assert.equal(await store.invitation(hash), undefined);
    });
  });
}
