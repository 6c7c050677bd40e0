/**
 * How mail programs find their settings by themselves: Thunderbird and its kin (`config-v1.1.xml`), Outlook (Autodiscover, POX and JSON),
 * Apple (`.mobileconfig`, signed). The domain is that of the address asked about, or of the host asked; for others there is nothing here.
 */
import { createHash } from "node:crypto";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import type { Domain } from "../store/store.ts";
import { type SigningPair, signedProfile } from "./signed-profile.ts";

export type MailSettingsPorts = {
  readonly ourHost: string;
  readonly domain: (name: string) => Domain | undefined | Promise<Domain | undefined>;
  /** Where services listen. */
  readonly ports: () => { readonly [service: string]: number | undefined };
  /** The name that people see. */
  readonly productName: (domain: string) => Promise<string>;
  /** The certificate of a host, which signs Apple's profiles. */
  readonly pair: (host: string) => SigningPair;
  readonly now: () => number;
};

type Asked = { readonly address: string | undefined; readonly domain: string; readonly name: string };
type Server = {
  readonly kind: "imap" | "pop3" | "smtp";
  readonly port: number;
  readonly socket: "SSL" | "STARTTLS";
};

const maxBodyBytes = 16 * 1024;

/** What is offered, the best first. */
function servers(ports: { readonly [service: string]: number | undefined }): readonly Server[] {
  const table: readonly [service: string, kind: Server["kind"], socket: Server["socket"]][] = [
    ["imaps", "imap", "SSL"],
    ["imap", "imap", "STARTTLS"],
    ["pop3s", "pop3", "SSL"],
    ["pop3", "pop3", "STARTTLS"],
    ["submissions", "smtp", "SSL"],
    ["submission", "smtp", "STARTTLS"],
  ];
  return table.flatMap(([service, kind, socket]) => {
    const port = ports[service];
    return port === undefined ? [] : [{ kind, port, socket }];
  });
}

const xml = (text: string): string =>
  text.replace(/[<>&"']/g, (sign) => `&#${sign.charCodeAt(0)};`).replace(/[\0-\x08\x0b\x0c\x0e-\x1f]/g, "");

export function serveMailSettings(app: FastifyInstance, ports: MailSettingsPorts): void {
  const find = async (address: string | undefined, request: FastifyRequest): Promise<Asked | undefined> => {
    const host = (request.headers.host ?? "").toLowerCase().replace(/:\d+$/, "").replace(/\.$/, "");
    const plain = address !== undefined && /^[^\s@<>"]{1,64}@[^\s@<>"]{1,255}$/.test(address) ? address : undefined;
    const name =
      plain?.slice(plain.lastIndexOf("@") + 1).toLowerCase() ?? host.replace(/^(?:autoconfig|autodiscover|www)\./, "");
    const domain = await ports.domain(name);
    if (domain?.kind !== "local") return undefined;
    return { address: plain, domain: domain.name, name: await ports.productName(domain.name) };
  };
  const nothing = (reply: FastifyReply) =>
    reply.code(404).type("text/plain").send("Mail for this address is not here.\n");

  app.register(async (scope) => {
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser("*", { parseAs: "string", bodyLimit: maxBodyBytes }, (_request, body, done) =>
      done(null, body),
    );

    for (const path of ["/mail/config-v1.1.xml", "/.well-known/autoconfig/mail/config-v1.1.xml"])
      scope.get<{ Querystring: { emailaddress?: string } }>(path, async (request, reply) => {
        const asked = await find(request.query.emailaddress, request);
        return asked === undefined
          ? nothing(reply)
          : reply.type("application/xml; charset=utf-8").send(thunderbird(asked, ports));
      });

    const outlook = async (request: FastifyRequest, reply: FastifyReply) => {
      const body = typeof request.body === "string" ? request.body : "";
      const typed = /<EMailAddress>\s*([^<]{1,320}?)\s*<\/EMailAddress>/i.exec(body)?.[1];
      const asked = await find(typed ?? (request.query as { email?: string }).email, request);
      return asked === undefined
        ? nothing(reply)
        : reply.type("application/xml; charset=utf-8").send(pox(asked, ports));
    };
    for (const path of [
      "/autodiscover/autodiscover.xml",
      "/Autodiscover/Autodiscover.xml",
      "/AutoDiscover/AutoDiscover.xml",
    ]) {
      scope.post(path, outlook);
      scope.get(path, outlook);
    }

    const json = async (request: FastifyRequest, reply: FastifyReply) => {
      const query = Object.fromEntries(
        Object.entries(request.query as { [name: string]: string }).map(([name, value]) => [name.toLowerCase(), value]),
      );
      const asked = await find((request.params as { email?: string }).email ?? query["email"], request);
      if (asked === undefined)
        return reply.code(404).send({ ErrorCode: "UserNotFound", ErrorMessage: "Mail for this address is not here." });
      const protocol = query["protocol"] ?? "";
      if (/^autodiscoverv1$/i.test(protocol))
        return reply.send({
          Protocol: "AutodiscoverV1",
          Url: `https://autodiscover.${asked.domain}/autodiscover/autodiscover.xml`,
        });
      return reply.code(400).send({
        ErrorCode: protocol === "" ? "MandatoryParameterMissing" : "InvalidProtocol",
        ErrorMessage:
          protocol === "" ? "A valid Protocol must be named." : `${protocol} is not spoken here: AutodiscoverV1 is.`,
      });
    };
    for (const path of ["/autodiscover/autodiscover.json", "/Autodiscover/Autodiscover.json"]) scope.get(path, json);
    scope.get("/autodiscover/autodiscover.json/v1.0/:email", json);

    scope.get<{ Querystring: { emailaddress?: string } }>("/apple.mobileconfig", async (request, reply) => {
      const asked = await find(request.query.emailaddress, request);
      if (asked?.address === undefined) return nothing(reply);
      const profile = apple(asked, ports);
      const signed = await signedProfile(profile, ports.pair(ports.ourHost), ports.now());
      return reply
        .type("application/x-apple-aspen-config")
        .header("content-disposition", `attachment; filename="${asked.domain}.mobileconfig"`)
        .send(signed ?? profile);
    });
  });
}

/** https://wiki.mozilla.org/Thunderbird:Autoconfiguration:ConfigFileFormat */
function thunderbird({ domain, name }: Asked, { ourHost, ports }: MailSettingsPorts): string {
  const one = ({ kind, port, socket }: Server): string => {
    const tag = kind === "smtp" ? "outgoingServer" : "incomingServer";
    return `    <${tag} type="${kind}">
      <hostname>${xml(ourHost)}</hostname>
      <port>${port}</port>
      <socketType>${socket}</socketType>
      <authentication>password-cleartext</authentication>
      <username>%EMAILADDRESS%</username>
    </${tag}>`;
  };
  return `<?xml version="1.0" encoding="UTF-8"?>
<clientConfig version="1.1">
  <emailProvider id="${xml(domain)}">
    <domain>${xml(domain)}</domain>
    <displayName>${xml(name)}</displayName>
    <displayShortName>${xml(domain)}</displayShortName>
${servers(ports()).map(one).join("\n")}
  </emailProvider>
</clientConfig>
`;
}

/** MS-OXDSCLI §2.2.4. */
function pox({ address, name }: Asked, { ourHost, ports }: MailSettingsPorts): string {
  const one = ({ kind, port, socket }: Server): string => `      <Protocol>
        <Type>${kind.toUpperCase()}</Type>
        <Server>${xml(ourHost)}</Server>
        <Port>${port}</Port>
        <LoginName>${xml(address ?? "")}</LoginName>
        <SPA>off</SPA>
        <SSL>${socket === "SSL" ? "on" : "off"}</SSL>
        <Encryption>${socket === "SSL" ? "SSL" : "TLS"}</Encryption>
        <AuthRequired>on</AuthRequired>${kind === "smtp" ? "\n        <UsePOPAuth>off</UsePOPAuth>\n        <SMTPLast>off</SMTPLast>" : ""}
      </Protocol>`;
  return `<?xml version="1.0" encoding="utf-8"?>
<Autodiscover xmlns="http://schemas.microsoft.com/exchange/autodiscover/responseschema/2006">
  <Response xmlns="http://schemas.microsoft.com/exchange/autodiscover/outlook/responseschema/2006a">
    <User>
      <DisplayName>${xml(address ?? name)}</DisplayName>
    </User>
    <Account>
      <AccountType>email</AccountType>
      <Action>settings</Action>
${servers(ports()).map(one).join("\n")}
    </Account>
  </Response>
</Autodiscover>
`;
}

/** A UUID that is the same each time: a profile that is installed again takes the place of the one before. */
function uuidOf(text: string): string {
  const hex = createHash("sha256").update(text).digest("hex");
  const variant = ((Number.parseInt(hex.slice(16, 18), 16) & 0x3f) | 0x80).toString(16);
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-5${hex.slice(13, 16)}-${variant}${hex.slice(18, 20)}-${hex.slice(20, 32)}`.toUpperCase();
}

/** Apple's Configuration Profile Reference, com.apple.mail.managed. */
function apple({ address = "", domain, name }: Asked, { ourHost, ports }: MailSettingsPorts): string {
  const all = servers(ports());
  const incoming = all.find(({ kind }) => kind === "imap") ?? all.find(({ kind }) => kind === "pop3");
  const outgoing = all.find(({ kind }) => kind === "smtp");
  const entries: (readonly [key: string, value: string | number | boolean])[] = [
    ["EmailAccountDescription", name],
    ["EmailAccountType", incoming?.kind === "pop3" ? "EmailTypePOP" : "EmailTypeIMAP"],
    ["EmailAddress", address],
    ["IncomingMailServerAuthentication", "EmailAuthPassword"],
    ["IncomingMailServerHostName", ourHost],
    ["IncomingMailServerPortNumber", incoming?.port ?? 993],
    ["IncomingMailServerUseSSL", true],
    ["IncomingMailServerUsername", address],
    ["OutgoingMailServerAuthentication", "EmailAuthPassword"],
    ["OutgoingMailServerHostName", ourHost],
    ["OutgoingMailServerPortNumber", outgoing?.port ?? 465],
    ["OutgoingMailServerUseSSL", true],
    ["OutgoingMailServerUsername", address],
    ["OutgoingPasswordSameAsIncomingPassword", true],
    ["PayloadDescription", `Mail of ${address}`],
    ["PayloadDisplayName", name],
    ["PayloadIdentifier", `${ourHost}.mail.${domain}.${uuidOf(address)}`],
    ["PayloadType", "com.apple.mail.managed"],
    ["PayloadUUID", uuidOf(`account ${address}`)],
    ["PayloadVersion", 1],
  ];
  const plist = ([key, value]: readonly [string, string | number | boolean]): string =>
    `        <key>${key}</key>\n        ${
      typeof value === "boolean"
        ? `<${value}/>`
        : typeof value === "number"
          ? `<integer>${value}</integer>`
          : `<string>${xml(value)}</string>`
    }`;
  return `<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">
<plist version="1.0">
  <dict>
    <key>PayloadContent</key>
    <array>
      <dict>
${entries.map(plist).join("\n")}
      </dict>
    </array>
    <key>PayloadDescription</key>
    <string>Mail of ${xml(address)}</string>
    <key>PayloadDisplayName</key>
    <string>${xml(name)}</string>
    <key>PayloadIdentifier</key>
    <string>${xml(ourHost)}.${uuidOf(domain)}</string>
    <key>PayloadRemovalDisallowed</key>
    <false/>
    <key>PayloadType</key>
    <string>Configuration</string>
    <key>PayloadUUID</key>
    <string>${uuidOf(`profile ${address}`)}</string>
    <key>PayloadVersion</key>
    <integer>1</integer>
  </dict>
</plist>
`;
}
