/** A real Thunderbird without a screen, with an IMAP and a POP3 account of a server, driven over Marionette. */
import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { freePort } from "../beside.ts";
import type { Ready } from "../dev-process.ts";
import { Marionette } from "./marionette.ts";

const inside = await readFile(join(import.meta.dirname, "thunderbird-inside.js"), "utf8");

export type Thunderbird = {
  /** Calls one of the actions of thunderbird-inside.js. */
  readonly act: <T = void>(action: string, ...args: readonly unknown[]) => Promise<T>;
  readonly version: string;
  /** What it could not parse of the server's answers so far. */
  readonly complaints: () => Promise<readonly string[]>;
  readonly quit: () => Promise<void>;
};

/** Starts it on a profile (made at the first time) for the first user by IMAP and the second by POP3. */
export async function startThunderbird(profile: string, ready: Ready): Promise<Thunderbird> {
  await mkdir(profile, { recursive: true });
  const log = join(profile, "imap.log");
  const port = await freePort("127.0.0.1");
  const preferences = { ...accountsOf(ready), ...quiet, "marionette.port": port };
  await writeFile(
    join(profile, "user.js"),
    Object.entries(preferences)
      .map(([name, value]) => `user_pref(${JSON.stringify(name)}, ${JSON.stringify(value)});\n`)
      .join(""),
  );
  const child = spawn(
    "thunderbird",
    ["--headless", "--marionette", "--remote-allow-system-access", "--no-remote", "--profile", profile],
    {
      stdio: "ignore",
      env: { ...process.env, MOZ_HEADLESS: "1", MOZ_LOG: "IMAP:3", MOZ_LOG_FILE: log },
    },
  );
  try {
    const marionette = await Marionette.connect(port);
    const act = <T>(action: string, ...args: readonly unknown[]): Promise<T> =>
      marionette.run<T>(`${inside}\nreturn actions[arguments[0]](...[...arguments].slice(1, -1));`, action, ...args);
    const pem = await readFile(ready.ca, "utf8");
    const version = await act<string>("prepare", pem.replace(/-----[^-]+-----|\s/g, ""), ready.password);
    const complaints = async (): Promise<readonly string[]> => {
      const lines = (await readFile(`${log}.moz_log`, "utf8")).split("\n");
      assert.ok(
        lines.some((line) => /SendData/.test(line)),
        "Thunderbird's log of IMAP says nothing",
      );
      return lines.filter((line) => /Syntax Error/i.test(line));
    };
    return { act, version, complaints, quit: () => stop(child, marionette) };
  } catch (error) {
    child.kill("SIGKILL");
    throw error;
  }
}

async function stop(child: ChildProcess, marionette: Marionette): Promise<void> {
  const exited = once(child, "exit");
  child.kill("SIGTERM");
  marionette.close();
  await exited;
}

const tls = 3;
const normalPassword = 3;

function accountsOf({ ports, users }: Ready): { readonly [name: string]: string | number | boolean } {
  const [imapUser, popUser] = users as [string, string];
  return {
    "mail.accountmanager.accounts": "account1,account2",
    "mail.accountmanager.defaultaccount": "account1",
    "mail.account.account1.identities": "id1",
    "mail.account.account1.server": "server1",
    "mail.account.account2.identities": "id2",
    "mail.account.account2.server": "server2",
    "mail.identity.id1.fullName": "Ünser Eins",
    "mail.identity.id1.useremail": imapUser,
    "mail.identity.id1.smtpServer": "smtp1",
    "mail.identity.id1.valid": true,
    "mail.identity.id2.fullName": "User Two",
    "mail.identity.id2.useremail": popUser,
    "mail.identity.id2.smtpServer": "smtp1",
    "mail.identity.id2.valid": true,
    ...serverOf("server1", "imap", ports["imaps"] as number, imapUser),
    ...serverOf("server2", "pop3", ports["pop3s"] as number, popUser),
    "mail.server.server2.leave_on_server": false,
    "mail.smtpservers": "smtp1",
    "mail.smtp.defaultserver": "smtp1",
    "mail.smtpserver.smtp1.hostname": "localhost",
    "mail.smtpserver.smtp1.port": ports["submissions"] as number,
    "mail.smtpserver.smtp1.try_ssl": tls,
    "mail.smtpserver.smtp1.authMethod": normalPassword,
    "mail.smtpserver.smtp1.username": imapUser,
  };
}

function serverOf(id: string, type: string, port: number, user: string): { readonly [name: string]: string | number } {
  const at = `mail.server.${id}`;
  return {
    [`${at}.type`]: type,
    [`${at}.name`]: type,
    [`${at}.hostname`]: "localhost",
    [`${at}.port`]: port,
    [`${at}.socketType`]: tls,
    [`${at}.authMethod`]: normalPassword,
    [`${at}.userName`]: user,
  };
}

/** No questions, no pages of its maker, no updates: nothing that would ask the network. */
const quiet = {
  "app.update.enabled": false,
  "app.donation.eoy.version.viewed": 9999,
  "datareporting.policy.dataSubmissionEnabled": false,
  "mail.rights.version": 1,
  "mail.provider.suppress_dialog_on_startup": true,
  "mail.spotlight.firstRunDone": true,
  "mail.shell.checkDefaultClient": false,
  "mailnews.start_page.enabled": false,
  "network.captive-portal-service.enabled": false,
  "network.connectivity-service.enabled": false,
  "services.settings.server": "http://127.0.0.1:1/",
  "toolkit.telemetry.enabled": false,
};
