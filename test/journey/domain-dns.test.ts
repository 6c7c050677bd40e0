/** A domain's DNS: what it should have, what a look finds, what mail programs and administrators are told. */
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { request } from "node:http";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { type Any, ApiTalk } from "../api-talk.ts";
import { angarium, type DevProcess, startDev, temporaryFolder } from "../dev-process.ts";

describe("the DNS of a domain", () => {
  let dev: DevProcess;
  let admin: ApiTalk;
  let zoneFile: string;
  const write = (zone: object): void => writeFileSync(zoneFile, JSON.stringify(zone));
  const clean: (() => Promise<void>)[] = [];
  before(async () => {
    const folder = await temporaryFolder({ after: (work) => void clean.push(work) });
    zoneFile = join(folder, "zone.json");
    write({});
    dev = await startDev(["--users", "2", "--cleartext-auth", "--dns", zoneFile, "--data", join(folder, "data")]);
    admin = new ApiTalk(`http://127.0.0.1:${dev.ready.ports["http"]}`, dev.ready.admin);
  });
  after(async () => {
    await dev.stop();
    for (const work of clean) await work();
  });

  /** The zone that the records themselves make. */
  function zoneOf(records: readonly Any[]): { [name: string]: { [type: string]: string[] } } {
    const zone: { [name: string]: { [type: string]: string[] } } = {
      "mail.example.test": { A: ["192.0.2.7"] },
    };
    for (const { id, name, type, value } of records) {
      if (/^(?:a|aaaa|ptr:.*)$/.test(id)) continue;
      const at = (zone[name] ??= {});
      if (type === "CNAME") at["A"] = ["192.0.2.7"];
      else (at[type] ??= []).push(type === "MX" || type === "SRV" ? value.replace(/\.$/, "") : value);
    }
    return zone;
  }
  const states = (dns: Any): { [id: string]: string } =>
    Object.fromEntries(dns.records.map(({ id, state }: Any) => [id.replace(/^dkim:(.).*/, "dkim-$1"), state]));
  const seen = () => new Promise((resolve) => setTimeout(resolve, 1500));

  test("nothing is there: every record is listed, with what it breaks", async () => {
    const dns = await admin.ok("GET", "/domains/example.test/dns");
    assert.equal(dns.standing, "broken");
    assert.match(dns.problem, /mail\.example\.test.* has no address/);
    const found = states(dns);
    for (const id of [
      "a",
      "bimi",
      "mx",
      "spf",
      "dkim-r",
      "dkim-e",
      "dmarc",
      "mta-sts",
      "mta-sts-host",
      "tls-rpt",
      "tlsa",
      "autoconfig",
      "autodiscover",
      "srv:imaps",
      "srv:submissions",
      "srv:jmap",
      "return-path",
    ])
      assert.equal(found[id], "missing", id);
    for (const record of dns.records) assert.ok(record.breaks.length > 10 && record.why.length > 5, record.id);
    // What only people know is said in words: where the picture is.
    assert.deepEqual(
      dns.records.filter(({ value, id }: Any) => value.length < 6 && id !== "a").map(({ id }: Any) => id),
      ["bimi"],
    );
    await admin.no(422, "PATCH", "/domains/example.test", { bimiLogo: "http://example.test/l.svg" });
    await admin.ok("PATCH", "/domains/example.test", { bimiLogo: "https://example.test/logo.svg" });
  });

  test("as it should be, then with mistakes", async () => {
    const dns = await admin.ok("GET", "/domains/example.test/dns");
    const zone = zoneOf(dns.records);
    write(zone);
    await seen();
    const good = await admin.ok("GET", "/domains/example.test/dns");
    assert.deepEqual([...new Set(Object.values(states(good)))], ["good"], JSON.stringify(good, undefined, 1));
    assert.equal(good.standing, "good");

    const apex = zone["example.test"] as { [type: string]: string[] };
    apex["MX"] = ["10 mx.elsewhere.test"];
    apex["TXT"] = ["v=spf1 ip4:203.0.113.9 -all", "google-site-verification=x"];
    (zone["_dmarc.example.test"] as Any)["TXT"] = ["v=DMARC1; p=reject; rua=mailto:me@example.test"];
    (zone["autoconfig.example.test"] as Any)["A"] = ["203.0.113.1"];
    delete zone["_imaps._tcp.example.test"];
    const rsa = Object.keys(zone).find((name) => name.startsWith("r") && name.includes("_domainkey")) as string;
    (zone[rsa] as Any)["TXT"] = ["v=DKIM1; k=rsa; p=AAAA"];
    write(zone);
    await seen();
    const bad = await admin.ok("GET", "/domains/example.test/dns");
    assert.equal(bad.standing, "broken");
    const found = states(bad);
    assert.equal(found["mx"], "wrong");
    assert.equal(found["spf"], "wrong");
    assert.equal(found["dkim-r"], "wrong");
    assert.equal(found["dkim-e"], "good");
    assert.equal(found["dmarc"], "other");
    assert.equal(found["autoconfig"], "wrong");
    assert.equal(found["srv:imaps"], "missing");
    const mx = bad.records.find(({ id }: Any) => id === "mx");
    assert.deepEqual(mx.found, ["10 mx.elsewhere.test."]);
    assert.equal(mx.value, "10 mail.example.test.");

    apex["TXT"] = ["v=spf1 ip4:192.0.2.7 include:_spf.other.test -all"];
    write(zone);
    await seen();
    assert.equal(states(await admin.ok("GET", "/domains/example.test/dns"))["spf"], "other");
  });

  test("the command line says the same, and exports the zone", async () => {
    const check = await angarium("domain", "check", "example.test", "--data", dev.ready.data);
    assert.equal(check.code, 1, "scripts read that it is broken");
    assert.match(
      check.out,
      /WRONG {10}MX +example\.test MX\n +found: +10 mx\.elsewhere\.test\.\n +expected: 10 mail\.example\.test\.\n +Nobody can send mail/,
    );
    const json = JSON.parse(
      (await angarium("domain", "check", "example.test", "--json", "--data", dev.ready.data)).out,
    );
    assert.equal(json.standing, "broken");
    // Whoever looks, it is known from then on: the overview says what is wrong, and what nobody has looked at.
    const needOf = async (name: string): Promise<Any> =>
      (await admin.ok("GET", "/dashboard")).needs.find(({ about }: Any) => about === name);
    assert.deepEqual(
      [(await needOf("example.test")).severity, (await needOf("example.test")).words.slice(0, 12)],
      ["bad", "DNS lacks MX"],
    );
    await admin.ok("POST", "/domains", { name: "later.test" });
    assert.match((await needOf("later.test")).words, /not been looked at yet/);
    await admin.ok("GET", "/domains/later.test/dns");
    assert.match((await needOf("later.test")).words, /^DNS lacks/);
    await admin.ok("DELETE", "/domains/later.test");
    const zone = await angarium("domain", "zone", "example.test", "--data", dev.ready.data);
    assert.match(zone.out, /^example\.test\. IN MX 10 mail\.example\.test\.$/m);
    assert.match(zone.out, /^r\d+\._domainkey\.example\.test\. IN TXT "v=DKIM1;.*" ".*"$/m);
    const same = await admin.get("/domains/example.test/dns/zone");
    assert.match(same.headers.get("content-type") ?? "", /^text\/plain/);
    assert.equal(same.body.trim(), zone.out.trim());
  });

  /** `fetch` sets Host by itself. */
  function ask(
    path: string,
    host: string,
    method = "GET",
    body = "",
  ): Promise<{ status: number; text: string; headers: Any }> {
    return new Promise((resolve, reject) => {
      const outgoing = request(
        {
          host: "127.0.0.1",
          port: dev.ready.ports["http"],
          path,
          method,
          headers: { host, "content-type": "text/xml" },
        },
        (incoming) => {
          let text = "";
          incoming.setEncoding("utf8");
          incoming.on("data", (chunk: string) => (text += chunk));
          incoming.on("end", () => resolve({ status: incoming.statusCode ?? 0, text, headers: incoming.headers }));
        },
      );
      outgoing.on("error", reject);
      outgoing.end(body);
    });
  }

  test("mail programs find their settings", async () => {
    const { ports } = dev.ready;
    for (const [path, host] of [
      ["/mail/config-v1.1.xml?emailaddress=u1%40example.test", "autoconfig.example.test"],
      ["/.well-known/autoconfig/mail/config-v1.1.xml", "example.test"],
    ] as const) {
      const { status, text, headers } = await ask(path, host);
      assert.equal(status, 200);
      assert.match(headers["content-type"], /xml/);
      assert.match(text, /<domain>example\.test<\/domain>/);
      assert.match(
        text,
        new RegExp(
          `<incomingServer type="imap">\\s*<hostname>mail\\.example\\.test</hostname>\\s*<port>${ports["imaps"]}</port>\\s*<socketType>SSL`,
        ),
      );
      assert.match(text, /<outgoingServer type="smtp">/);
    }
    assert.equal(
      (await ask("/mail/config-v1.1.xml?emailaddress=x%40elsewhere.test", "autoconfig.example.test")).status,
      404,
    );

    const asked = `<?xml version="1.0"?><Autodiscover xmlns="http://schemas.microsoft.com/exchange/autodiscover/outlook/requestschema/2006"><Request><EMailAddress>u1@example.test</EMailAddress><AcceptableResponseSchema>http://schemas.microsoft.com/exchange/autodiscover/outlook/responseschema/2006a</AcceptableResponseSchema></Request></Autodiscover>`;
    const pox = await ask("/autodiscover/autodiscover.xml", "autodiscover.example.test", "POST", asked);
    assert.equal(pox.status, 200);
    assert.match(pox.text, /<Type>IMAP<\/Type>\s*<Server>mail\.example\.test<\/Server>/);
    assert.match(pox.text, /<LoginName>u1@example\.test<\/LoginName>/);
    const json = await ask(
      "/autodiscover/autodiscover.json?Email=u1@example.test&Protocol=AutodiscoverV1",
      "autodiscover.example.test",
    );
    assert.deepEqual(JSON.parse(json.text), {
      Protocol: "AutodiscoverV1",
      Url: "https://autodiscover.example.test/autodiscover/autodiscover.xml",
    });

    const apple = await ask("/apple.mobileconfig?emailaddress=u1@example.test", "mail.example.test");
    assert.match(apple.headers["content-type"], /^application\/x-apple-aspen-config/);
    assert.match(apple.text, /<key>IncomingMailServerHostName<\/key>\s*<string>mail\.example\.test<\/string>/);
    const evil = await ask(
      `/apple.mobileconfig?emailaddress=${encodeURIComponent("<x>&@example.test")}`,
      "mail.example.test",
    );
    assert.ok(!evil.text.includes("<x>"));
  });

  test("a forged Host is refused", async () => {
    for (const host of ["evil.test", "example.test.evil.test", "mail.example.test@evil.test", "evil.test:80"])
      assert.equal((await ask("/api/v1/openapi.json", host)).status, 421, host);
    for (const host of ["mail.example.test", "127.0.0.1", "localhost:8080", "webmail.example.test", "[::1]"])
      assert.equal((await ask("/api/v1/openapi.json", host)).status, 200, host);
    assert.equal((await ask("/healthz", "whatever.test")).status, 200);
  });
});
