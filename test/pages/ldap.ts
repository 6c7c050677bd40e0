/**
 * `npm run ldap`: people of a real directory (Debian's slapd) sign in, by mail programs and in the browser, and the console says what is wrong
 * with a directory. Needs the packages slapd, ldap-utils and chromium, and no network.
 * Ends with 0 when all of it holds.
 */
import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { type AddressInfo, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ApiTalk } from "../api-talk.ts";
import { angarium, startDev } from "../dev-process.ts";
import { imapSignIn } from "../sign-in-talk.ts";
import { Wire } from "../wire.ts";
import { accessible, type Person, picture, startPages } from "./browser.ts";

const folder = await mkdtemp(join(tmpdir(), "angarium-ldap-"));
const probe = createServer().listen(0, "127.0.0.1");
await once(probe, "listening");
const { port } = probe.address() as AddressInfo;
probe.close();

const data = join(folder, "db");
await mkdir(data);
const ca = join(folder, "ca.pem");
const key = join(folder, "key.pem");
const subject = ["-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"];
execFileSync(
  "openssl",
  ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-keyout", key, "-out", ca, ...subject],
  {
    stdio: "ignore",
  },
);
await writeFile(
  join(folder, "slapd.conf"),
  `include /etc/ldap/schema/core.schema
include /etc/ldap/schema/cosine.schema
include /etc/ldap/schema/inetorgperson.schema
modulepath /usr/lib/ldap
moduleload back_mdb
TLSCertificateFile ${ca}
TLSCertificateKeyFile ${key}
database mdb
maxsize 10485760
suffix "dc=example,dc=test"
rootdn "cn=admin,dc=example,dc=test"
rootpw adminpw
directory ${data}
access to attrs=userPassword by anonymous auth by * none
access to * by dn.base="cn=mail,dc=example,dc=test" read by * none
`,
);
const person = (uid: string, mail: string, password: string): string =>
  `dn: uid=${uid},ou=people,dc=example,dc=test
objectClass: inetOrgPerson
uid: ${uid}
cn: ${uid.toUpperCase()} Person
sn: Person
mail: ${mail}
userPassword: ${password}
`;
await writeFile(
  join(folder, "people.ldif"),
  [
    "dn: dc=example,dc=test\nobjectClass: dcObject\nobjectClass: organization\no: Example\ndc: example\n",
    "dn: ou=people,dc=example,dc=test\nobjectClass: organizationalUnit\nou: people\n",
    "dn: cn=mail,dc=example,dc=test\nobjectClass: simpleSecurityObject\nobjectClass: organizationalRole\ncn: mail\nuserPassword: mailpw\n",
    person("anna", "anna@example.test", "annapw"),
    person("bert", "bert@example.test", "bertpw"),
    person("u1", "u1@example.test", "ldap password of u1"),
    person("twin1", "twin@example.test", "twinpw"),
    person("twin2", "twin@example.test", "twinpw"),
    person("far", "far@elsewhere.test", "farpw"),
  ].join("\n"),
);
const slapd = spawn(
  "/usr/sbin/slapd",
  ["-d", "0", "-f", join(folder, "slapd.conf"), "-h", `ldap://127.0.0.1:${port}`],
  {
    stdio: ["ignore", "inherit", "inherit"],
  },
);
const admin = ["-x", "-H", `ldap://127.0.0.1:${port}`, "-D", "cn=admin,dc=example,dc=test", "-w", "adminpw"];
for (let tries = 0; ; tries++)
  try {
    execFileSync("ldapadd", [...admin, "-f", join(folder, "people.ldif")], { stdio: "ignore" });
    break;
  } catch (error) {
    if (tries > 50) throw error;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }

const settings = {
  url: `ldap://127.0.0.1:${port}`,
  startTls: "true",
  caFile: ca,
  bindDn: "cn=mail,dc=example,dc=test",
  bindPassword: "mailpw",
  base: "ou=people,dc=example,dc=test",
  rememberedMs: "500",
};
const set = Object.entries(settings).flatMap(([name, value]) => ["--set", `ldap.${name}=${value}`]);
const ends: (() => Promise<void>)[] = [];
const t = { after: (end: () => Promise<void>) => void ends.push(end) };
const pages = await startPages(t, ["--users", "1", "--cleartext-auth", ...set]);
const server = pages.dev;

async function enter({ page }: Person, user: string, password: string): Promise<void> {
  await page.goto(`${pages.origin}/admin/`);
  await page.locator('input[name="username"]').fill(user);
  await page.locator('input[name="password"]').fill(password);
  await page.keyboard.press("Enter");
}
const overview = ({ page }: Person) => page.getByRole("heading", { level: 1, name: "Overview" }).waitFor();

/** The card of the directory on the page of an administrator. */
async function atTheConsole() {
  const person = await pages.person();
  await enter(person, server.ready.admin.user, server.ready.admin.password);
  await overview(person);
  await person.page.goto(`${pages.origin}/admin/#/sign-in`);
  return { page: person.page, card: person.page.getByRole("region", { name: "Directory (LDAP)" }) };
}
/** What the console says of a directory that is set up like this. */
async function complaintOf(changed: { readonly [name: string]: string }): Promise<string> {
  const all = Object.entries({ ...settings, ...changed }).flatMap(([name, value]) => [
    "--set",
    `ldap.${name}=${value}`,
  ]);
  const dev = await startDev(["--users", "0", "--cleartext-auth", ...all]);
  try {
    const admin = new ApiTalk(`http://127.0.0.1:${dev.ready.ports["http"]}`, dev.ready.admin);
    return (await admin.ok("POST", "/sign-in/ldap/check")).words;
  } finally {
    await dev.stop();
  }
}

const imap = (user: string, password: string): Promise<string> =>
  imapSignIn(server.ready.ports["imap"]!, user, { pass: password });
async function recipient(address: string): Promise<string> {
  const wire = await Wire.open(server.ready.ports["smtp"]!);
  await wire.reply();
  await wire.smtp("EHLO a.test");
  await wire.smtp("MAIL FROM:<a@a.test>");
  const answer = await wire.smtp(`RCPT TO:<${address}>`);
  wire.close();
  return answer;
}

try {
  assert.equal(await imap("anna@example.test", "wrong"), "Authentication failed");
  assert.equal(await imap("anna@example.test", "annapw"), "in");
  assert.equal(await imap("anna@example.test", "annapw"), "in", "again, from memory");
  assert.equal(await imap("u1@example.test", "pw"), "in", "a password that is here");
  assert.notEqual(await imap("u1@example.test", "ldap password of u1"), "in", "and no other beside it");
  assert.notEqual(await imap("twin@example.test", "twinpw"), "in", "two people are nobody");
  assert.notEqual(await imap("far@elsewhere.test", "farpw"), "in", "no domain of ours");
  for (const trick of ["*@example.test", "an*@example.test", "x)(uid=anna@example.test", "anna)(cn=*"])
    assert.notEqual(await imap(trick, "annapw"), "in", trick);
  const wire = await Wire.open(server.ready.ports["submission"]!);
  await wire.reply();
  const capabilities = await wire.smtp("EHLO a.test");
  assert.ok(!capabilities.includes("SCRAM"), "what the directory cannot prove is not offered");
  const empty = await wire.smtp(`AUTH PLAIN ${Buffer.from("\0anna@example.test\0").toString("base64")}`);
  assert.match(empty, /^5/);
  wire.close();

  // In the browser: anna by the directory's password and no other.
  const anna = await pages.person();
  await enter(anna, "anna@example.test", "wrong");
  await anna.page.getByRole("alert").waitFor();
  await enter(anna, "anna@example.test", "annapw");
  await overview(anna);
  const { page, card } = await atTheConsole();
  await card.getByRole("button", { name: "Check" }).click();
  await card.getByText("The directory answers. 6 people are in it.").waitFor();
  await accessible(page, "signing in");
  await picture(page, "console-ldap");

  assert.match(await recipient("bert@example.test"), /^550/);
  const { out, code } = await angarium("ldap", "sync", "--data", server.ready.data, "--json");
  assert.equal(code, 0);
  const synced = JSON.parse(out) as {
    readonly created: readonly string[];
    readonly people: number;
    readonly left: number;
  };
  assert.deepEqual(synced.created, ["bert@example.test", "twin@example.test"]);
  assert.equal(synced.left, 2);
  assert.match(await recipient("bert@example.test"), /^250/);
  assert.equal(await imap("bert@example.test", "bertpw"), "in");

  await writeFile(
    join(folder, "change.ldif"),
    "dn: uid=anna,ou=people,dc=example,dc=test\nchangetype: modify\nreplace: userPassword\nuserPassword: newpw\n",
  );
  execFileSync("ldapmodify", [...admin, "-f", join(folder, "change.ldif")], { stdio: "ignore" });
  await new Promise((resolve) => setTimeout(resolve, 700));
  assert.notEqual(await imap("anna@example.test", "annapw"), "in", "the old password");
  assert.equal(await imap("anna@example.test", "newpw"), "in");

  await card.getByRole("button", { name: "Make the accounts" }).click();
  await card.getByText(/^6 people: 0 accounts were made, .+ have no address of a domain that is here/).waitFor();
  for (const [changed, words] of [
    [{ bindPassword: "wrong" }, /refuses cn=mail,dc=example,dc=test with this password/],
    [{ base: "ou=nobody,dc=example,dc=test" }, /There is no ou=nobody,dc=example,dc=test in the directory/],
    [{ bindDn: "mail" }, /is no name of a directory's entry/],
    [{ caFile: "" }, /cannot be believed: .+ caFile/],
    [{ caFile: join(folder, "none.pem") }, /There is no file .+none\.pem/],
    [{ allFilter: "(uid=nobody)" }, /sees nobody below/],
    [{ allFilter: "(uid=" }, /is no filter/],
    [{ url: `ldaps://127.0.0.1:${port}` }, /cannot be reached|does not begin with TLS/],
  ] as const)
    assert.match(await complaintOf(changed), words, JSON.stringify(changed));

  slapd.kill();
  await once(slapd, "exit");
  await card.getByRole("button", { name: "Check" }).click();
  await card.getByText("cannot be reached: nobody listens there.").waitFor();
  await new Promise((resolve) => setTimeout(resolve, 700));
  assert.match(
    await imap("bert@example.test", "bertpw"),
    /cannot be checked/,
    "a directory that is away is no wrong password",
  );
  assert.equal(await imap("u1@example.test", "pw"), "in");
  process.stdout.write("LDAP: all of it holds.\n");
} finally {
  slapd.kill();
  for (const end of ends) await end();
  await rm(folder, { recursive: true, force: true });
}
