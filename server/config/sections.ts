/** The sections of the configuration that belong to one part each: its own settings, and a sentence for every one of them. */

import { defaultLdapSettings, type LdapSettings } from "../access/ldap.ts";
import { defaultOidcSettings, type OidcSettings } from "../access/oidc.ts";
import { defaultSignUp, type SignUp } from "../access/sign-up.ts";
import { type ApiSettings, defaultApiSettings } from "../api/settings.ts";
import { type AcmeSettings, challenges, defaultAcmeSettings } from "../certify/settings.ts";
import { type DeliverSettings, defaultDeliverSettings } from "../deliver/deliver.ts";
import { defaultSendingSettings, type SendingSettings } from "../dispatch/settings.ts";
import { type DoorSettings, defaultDoorSettings } from "../door/settings.ts";
import { defaultImapSettings, type ImapSettings } from "../imap/settings.ts";
import { defaultIndexSettings, type IndexSettings } from "../index/indexer.ts";
import { defaultJmapSettings, type JmapSettings } from "../jmap/settings.ts";
import { type AuthenticationSettings, defaultAuthenticationSettings } from "../judge/authenticate/settings.ts";
import { defaultFilterSettings, type FilterSettings } from "../judge/content/filter-settings.ts";
import { defaultJudgeSettings, type JudgeSettings } from "../judge/judge.ts";
import { defaultManageSieveSettings, type ManageSieveSettings } from "../managesieve/settings.ts";
import { defaultListenerSettings, type ListenerSettings } from "../net/listener.ts";
import { defaultPop3Settings, type Pop3Settings } from "../pop3/settings.ts";
import { defaultQueueSettings, type QueueSettings } from "../queue/settings.ts";
import { defaultSmtpSettings, type SmtpSettings } from "../receive/settings.ts";
import { defaultSendSettings, type SendSettings } from "../send/send.ts";
import { defaultTransitSettings, type TransitSettings } from "../send/transit-settings.ts";
import { type DkimSettings, defaultDkimSettings } from "../sign/key-keeper.ts";
import { type AbuseSettings, defaultAbuseSettings } from "../uphold/settings.ts";
import { atLeastOne, dnsServer, domain, feedbackSender, mailAddress, network, oneOf, percent, url } from "./checks.ts";
import { section } from "./schema.ts";

export const oidc = section<OidcSettings>(
  defaultOidcSettings,
  {
    issuer:
      "OpenID Connect issuer at which people may sign in, and whose access tokens mail programs may bring; none by default.",
    clientId: "What the issuer knows this server as; its redirect URI is https://HOSTNAME/auth/oidc/callback.",
    clientSecret: 'The secret that belongs to it; "" for a public client.',
    name: "What the button on the sign-in page says.",
    audience: 'Audience that access tokens must be for; "" for the client id.',
    addressClaim: "Claim that holds the address of the account.",
    byAddress:
      "Give people the account of the address that the issuer says is theirs; without it only who has been linked.",
    createAccounts: "Make an account, in a domain that is here, for who has none.",
  },
  {
    issuer: url("https", "http"),
  },
);
export const ldap = section<LdapSettings>(
  defaultLdapSettings,
  {
    url: 'Directory that proves the passwords of accounts without one here: "ldaps://ldap.example.org"; none by default.',
    startTls: "Begin TLS on an ldap:// connection before anything is said.",
    caFile: 'PEM file of the authority of its certificate; "" for the usual ones.',
    bindDn: 'Who looks for people; "" looks without a name.',
    bindPassword: "The password of who looks.",
    base: "Below which entry people are.",
    filter: "Finds one person; `{address}` is the address, `{local}` what stands before its @.",
    allFilter: "Finds everybody, for `angarium ldap sync`.",
    addressAttribute: "Attribute with the address.",
    nameAttribute: "Attribute with the person's name.",
    createAccounts: "Make an account, in a domain that is here, for who has none, at the first sign-in.",
    timeoutMs: "How long the directory may take.",
    rememberedMs: "How long a proved password is believed without asking again.",
  },
  {
    url: url("ldaps", "ldap"),
  },
);
export const signUp = section<SignUp>(
  defaultSignUp,
  {
    enabled: "Let strangers make accounts by themselves (POST /auth/sign-up); without it there are invitations.",
    domains: "Domains in which they may take an address.",
    quotaBytes: "How much mail such an account may keep.",
  },
  {
    domains: domain,
  },
);

export { attachments, outbound, scanners } from "./attachment-sections.ts";
export { sendingLimits } from "./sending-limit-section.ts";

type ConnectionSettings = Omit<ListenerSettings, "proxies">;
const { proxies: _, ...connectionDefaults } = defaultListenerSettings;

export const connections = section<ConnectionSettings>(connectionDefaults, {
  maxConnections: "Connections that one listener serves at a time.",
  maxPerAddress: "Connections of one address (IPv6: one /64) at a time, per listener.",
  uncounted: "Networks whose connections are not counted per address.",
  openingTimeoutMs: "How long a TLS handshake or a PROXY header may take.",
  backlog: "Connections that the kernel holds until they are accepted.",
});

const smtpDocs: { readonly [K in keyof SmtpSettings]: string } = {
  maxMessageBytes: "Largest message taken; a domain may set less.",
  maxRecipients: "Recipients of one message.",
  maxMessagesPerSession: "Messages of one session; 0 for no limit.",
  maxErrors: "Refused commands of one session before it is ended.",
  maxRefusedRecipients: "Refused recipients of one session before it is ended: more is somebody trying names.",
  maxCommandsPerMessage: "Commands since the session began or since its last message.",
  maxAuthFailures: "Failed logins of one session before it is ended.",
  idleTimeoutMs: "Silence before a session is ended (RFC 5321 §4.5.3.2.7 asks for 5 minutes).",
  handshakeTimeoutMs: "How long a TLS handshake may take.",
  maxTransferMs: "How long the data of one message may take.",
  maxSessionMs: "How long one session may take in all.",
  maxDiscardedBytes: "A refused message is still read up to this much, so that the client hears why.",
  maxHoldSeconds:
    "How far in the future a message may be released (FUTURERELEASE, submission only); 0 switches it off.",
  tlsRequired: "Refuse mail before TLS even where a login would be possible.",
  authOnMx: "Offer logins on the port where strangers come too.",
  normaliseLineEnds:
    "From trusted networks and authenticated senders, turn bare CR and LF into CRLF instead of refusing the message.",
};
/** SIZE 0 says "no limit" to others (RFC 1870 §4): here it would be a server that takes nothing. */
const smtpChecks = { maxMessageBytes: atLeastOne, maxRecipients: atLeastOne };
export const receive = section<SmtpSettings>(defaultSmtpSettings, smtpDocs, smtpChecks);
export const door = section<DoorSettings>(
  defaultDoorSettings,
  {
    enabled:
      "Keep the door at all (`angarium dev` without `--strict` does not); bans by an administrator hold without it.",
    exempt: "Networks that nothing of this is for; those that may relay are among them.",
    blocklists: 'DNS blocklists whose listings count (RFC 5782), such as "zen.example.org".',
    allowlists: "DNS allow-lists: who is on one is not refused by a blocklist and not greylisted.",
    blocklistAction: "What a listing means: `refuse` at RCPT, `junk`, or `mark` in the journey alone.",
    greylist:
      "Who is asked to come again: `doubtful` peers (no reverse name, an odd HELO, a bad reputation, a listing), `all` that are not known, or `off`.",
    greylistMs: "How long after the first try a second one counts.",
    greylistWindowMs: "Until when the second try must have come.",
    greylistKnownMs: "How long who came again is known.",
    greetPauseMs: "Silence before the greeting; who speaks in it is turned away. 0 for none.",
    tarpitMs: "How long the reply to a refused recipient waits, after `tarpitAfter` of them.",
    tarpitAfter: "Refused recipients of one session that are answered at once.",
    connectionsPerMinute: "Connections of one address; 0 for no limit.",
    connectionsPerMinutePerNetwork: "Connections of one /24 or /64.",
    messagesPerMinute: "Messages of one address.",
    messagesPerMinutePerNetwork: "Messages of one /24 or /64.",
    maxPerNetwork: "Sessions of one /24 or /64 at a time.",
    harvestPerHour: "Unknown recipients that one address may ask for in an hour; then it is banned. 0 for no limit.",
    stuffingPerHour:
      "Failed logins of one address in an hour, beside those of accounts that it knows; then it is banned. 0 for no limit.",
    banMs: "How long such a ban lasts.",
    traps:
      "Addresses that exist for spammers alone: who writes to one is banned for a day. They must not be anybody's.",
    heloChecks: "Look at HELO names: who claims to be us is refused, odd ones are doubtful.",
    believeLoopback:
      "Programs of this machine (loopback) may say any HELO, need no reverse name, and are not doubtful for what others here did.",
    reputation:
      "Remember what peers brought: good and bad messages by address, network, HELO, envelope and signing domain.",
    maxRemembered: "Entries of each book; those unchanged for longest are forgotten.",
  },
  {
    exempt: network,
    blocklists: domain,
    allowlists: domain,
    blocklistAction: oneOf("refuse", "junk", "mark"),
    greylist: oneOf("doubtful", "all", "off"),
    traps: mailAddress,
  },
);
export const submission = section<SmtpSettings>(defaultSmtpSettings, smtpDocs, smtpChecks);

type ImapOwn = Omit<ImapSettings, "host" | "jmapUrl">;
const { host: __, jmapUrl: ___, ...imapDefaults } = defaultImapSettings;
export const imap = section<ImapOwn>(imapDefaults, {
  loginTimeoutMs: "A session that has not logged in by then ends.",
  idleTimeoutMs:
    "A client that says nothing for so long is logged out, while idling too (RFC 9051 §5.4: at least 30 minutes).",
  keepAliveMs: "While idling, a word after so much silence keeps address translators awake; 0 for none.",
  progressMs: "A command that takes longer is said to be in progress, each time after so long.",
  stallMs: "A client that takes nothing of what it asked for, for so long, is cut off.",
  maxMessageBytes: "Largest message that may be appended (APPENDLIMIT).",
  maxAppendBytes: "All messages of one MULTIAPPEND together.",
  maxBadCommands:
    "Commands answered BAD, one after the other, before the session ends; half as many in all before login.",
  maxLogins: "Refused logins before the session ends.",
  maxSessionsPerAccount: "Sessions of one account at a time.",
  maxThreadMessages: "Messages one THREAD command works on.",
  largeMessageBytes: "Messages from this size on are analysed in a worker thread.",
});

export const jmap = section<JmapSettings>(defaultJmapSettings, {
  maxUploadBytes: "Largest upload (maxSizeUpload).",
  maxConcurrentUploads: "Uploads of one account at a time.",
  maxRequestBytes: "Largest request (maxSizeRequest).",
  maxConcurrentRequests: "Requests of one account at a time.",
  maxCallsInRequest: "Method calls of one request.",
  maxObjectsInGet: "Objects that one /get may ask for.",
  maxObjectsInSet: "Objects that one /set may change.",
  maxAttachmentsBytes: "Bytes of all parts of an email that is made (maxSizeAttachmentsPerEmail).",
  maxDelayedSendSeconds: "How far in the future an email may be sent; 0 switches it off.",
  uploadLifetimeMs: "How long an upload that nothing was made of is kept.",
  maxAllUploadsBytes: "Bytes of all uploads of one account; for new ones the oldest go.",
  maxUploads: "Uploads of one account that are kept.",
  maxEventSources: "Connections of one account that wait for pushes (EventSource and WebSocket).",
  maxPushSubscriptions: "Push subscriptions of one account.",
  sessionLifetimeMs: "How long a login of a browser lasts.",
  tokenLifetimeMs: "How long an access token lasts.",
});

export const api = section<ApiSettings>(
  defaultApiSettings,
  {
    perSecond: "Requests of one account in a second, on average.",
    burst: "Requests of one account at once, before that holds.",
    maxTokenDays: "How long a token may be valid.",
    undoDays: "How long a deleted tenant, domain or account can be brought back.",
    hosts: "Names besides `hostname` and those of hosted domains under which web pages and the API are reached.",
  },
  {
    hosts: domain,
  },
);

export const pop3 = section<Pop3Settings>(defaultPop3Settings, {
  idleTimeoutMs: "Silence before a session is ended (RFC 1939 §3: at least 10 minutes).",
  loginTimeoutMs: "A session that has not logged in by then ends.",
  maxLineBytes: "Longest command line.",
  maxErrors: "Refused commands before the session ends; after login, one after the other.",
  maxLogins: "Refused logins before the session ends.",
  loginDelaySeconds: "Seconds from one login of an account to its next (LOGIN-DELAY); 0 for none.",
  expireDays: "QUIT removes what was retrieved and is older than so many days (EXPIRE); not set: never.",
  marksSeen: "What was retrieved is marked as read in IMAP too.",
  readAheadMessages: "Messages read from the store before the client asks for them.",
  readAheadBytes: "Bytes read from the store before the client asks for them.",
});

export const index = section<IndexSettings>(defaultIndexSettings, {
  enabled: "Keep an index of the words of mail and attachments; without it searches read the mail itself.",
  quietMs: "The server is quiet when no mail has come for so long: what waits is indexed.",
  patienceMs: "On a server that is never quiet, the mail of an account waits so long.",
});

export const manageSieve = section<ManageSieveSettings>(defaultManageSieveSettings, {
  idleTimeoutMs: "Silence before a session is ended (RFC 5804 §1.4: at least 30 minutes).",
  loginTimeoutMs: "A session that has not logged in by then ends.",
  maxLineBytes: "Longest command line.",
  maxErrors: "Refused commands before the session ends; after login, one after the other.",
  maxLogins: "Refused logins before the session ends.",
});

export const judge = section<JudgeSettings>(defaultJudgeSettings, {
  maxHops: "Received fields before a message is called a loop.",
  maxHeaderBytes: "Largest header of a message.",
  maxHeaderFields: "Most fields of a header.",
});

export const authentication = section<AuthenticationSettings>(
  defaultAuthenticationSettings,
  {
    enabled:
      "Check who sent the mail of strangers (SPF, DKIM, DMARC, ARC, reverse name) and write Authentication-Results.",
    enforce:
      "Follow the DMARC policies of authors' domains: refuse, or file as junk; count TLS reports that come by mail only with a DKIM signature of who reports. Off: results are only written.",
    exemptNetworks: "Peers that are not checked: nobody's DNS knows about the programs on this machine.",
    lmtp: "Check mail that comes over LMTP too, all but SPF and reverse name, which know only the machine that hands it over.",
    believedSealers:
      "Domains whose ARC seals are believed: mail that they saw pass DMARC is taken although forwarding has broken its proof.",
    bimi: "Look up the picture (BIMI) of domains whose mail passes a strict DMARC policy.",
    timeoutMs: "How long all DNS questions about one message may take.",
    maxQuestions: "DNS questions about one message.",
    inlineBytes: "Bodies of messages up to this size are hashed on the main thread, larger ones in a worker thread.",
  },
  {
    believedSealers: domain,
  },
);

export const filter = section<FilterSettings>(
  defaultFilterSettings,
  {
    enabled: "Whether mail of strangers is judged as spam or not, and people's Junk mailboxes teach.",
    junkPercent: "From this probability on mail goes into Junk.",
    quarantinePercent: "From this probability on mail is kept back; 0: never.",
    outboundPercent:
      "Mail of our own people from this probability on is spam (see `[outbound] holdSpam`); 0: it is not asked about.",
    refusePercent: "From this probability on mail is refused; 0: never.",
    model:
      'A model made with "angarium filter train"; "" is the file filter.model in the data folder where there is one, else the model that is shipped; "none": the rules alone.',
    domainLists: "DNS lists that are asked about the domains that mail links to, such as dbl.example.org.",
    complaints:
      "Whether senders that ask for it (CFBL-Address, RFC 9477) are told that somebody here put a message of theirs into Junk; who it was is not told.",
  },
  {
    junkPercent: percent,
    quarantinePercent: percent,
    outboundPercent: percent,
    refusePercent: percent,
    domainLists: domain,
  },
);

export const deliver = section<DeliverSettings>(defaultDeliverSettings, {
  inlineBytes: "Messages up to this size are analysed on the main thread, larger ones in a worker thread.",
  maxForwardsPerHour:
    "Messages that one address forwards elsewhere in an hour, beyond which senders are asked to wait. 0: no bound.",
  quarantineMs: "How long mail in quarantine waits for somebody to release it.",
  maxRefusalsNotedPerSecond: "Refused messages of one second that `angarium trace` finds; more are in the log alone.",
  queueLifetimeMs: "How long the queue tries before a message is returned (RFC 5321 §4.5.4.1: 4 to 5 days).",
});

export const dkim = section<DkimSettings>(defaultDkimSettings, {
  rotateAfterMs: "A key that has signed for so long is replaced; 0: only when asked (angarium domain dkim rotate).",
  settleMs: "How long a new key must be in DNS before it signs in place of another.",
  keepRetiredMs: "How long a key that signs no more must stay in DNS: what it signed may wait in queues for days.",
  checkMs: "How often DNS is asked whether it shows the keys.",
  dynamicUpdates:
    "Put the keys into DNS, and take them out, by dynamic updates (RFC 2136) with dnsServer, dnsZone and the tsig… settings of [acme].",
  separateMarketing:
    "Marketing of tenants is signed with keys of its own: where its letters are sent on by others, these can be changed and taken out of DNS alone. Its records are to be published too.",
  assumePublished: "Sign without asking DNS for the keys: for tests only.",
});

export const acme = section<AcmeSettings>(
  defaultAcmeSettings,
  {
    directory:
      'Directory of an ACME authority ("https://acme-v02.api.letsencrypt.org/directory"): certificates are ordered and renewed there, and its terms of service accepted; "" for none.',
    email: "Address that the authority may write to.",
    challenge:
      "How we prove that names are ours: tls-alpn-01 (port 443), http-01 (port 80, open to the world) or dns-01 (dynamic updates).",
    names:
      "Names for the certificate besides our host's; those of our domains that lead here (mta-sts., mail., autoconfig., autodiscover., openpgpkey.) are added by themselves, up to ten domains; of more each has a certificate of its own.",
    dnsServer: "dns-01: the server that takes dynamic updates (RFC 2136).",
    dnsZone: 'dns-01: the zone to change; "" is the name without its first label.',
    tsigName: "dns-01: name of the TSIG key.",
    tsigSecret: "dns-01: the TSIG key in base64.",
    tsigAlgorithm: "dns-01: hmac-sha256 or hmac-sha512.",
    dnsWaitMs: "dns-01: how long other servers of the zone may take to fetch a change.",
    ordersPerHour: "Certificates of hosted domains that are ordered in an hour at most: authorities count.",
  },
  {
    directory: url("https", "http"),
    email: mailAddress,
    challenge: oneOf(...challenges),
    names: domain,
    dnsServer: dnsServer,
    dnsZone: domain,
    tsigAlgorithm: oneOf("hmac-sha256", "hmac-sha512"),
  },
);

export const sending = section<SendingSettings>(
  defaultSendingSettings,
  {
    enabled: "Whether limits of providers, warm-ups, tenants and suppression are looked after at all.",
    model:
      'A file (beside the data) with sources, pools, streams, tenants and sending domains, as "angarium sending export" writes it; what it names is changed there alone. "" for none.',
    publicUrl:
      'Where the world reaches our HTTPS listener, for links to unsubscribe: "https://mail.example.org". "" is the host name.',
    perUnknownSite:
      "Messages a day that a source in its warm-up sends to a site of no known provider, at its lowest level; more as it proves more. 0: no bound.",
    ownBlocklists:
      "DNS lists that are asked whether they name the addresses that we send from; warm-ups of one that is listed pause. None: nobody looks.",
    ownDomainLists: "DNS lists that are asked whether they name sending domains.",
    listsEveryMs: "How often these lists are asked.",
    confirmationsPerHour:
      "Mails that confirm what somebody filled into a form (see docs/sending.md), of all tenants together, that one address gets in an hour; 0: no bound.",
    tenantsPerHour:
      "Tenants whose mail one address elsewhere gets in an hour; one more pauses all of it for an hour. 0: no bound.",
    senderId:
      "Our name at the end of Feedback-ID, by which Gmail's Postmaster Tools tell of complaints: choose one of your own before the first mailing, and keep it.",
    sampleSize:
      "Addresses of a campaign that are written to before the others, which wait until it is known whether they exist; 0: all go at once.",
    sampleHardPercent: "Percent of these addresses that may not exist: with more the campaign is stopped.",
    sandbox:
      'A domain whose addresses play receivers (delivered@, bounced@, complained@, …): mail to it is never sent anywhere. "" for none.',
    shaping: 'A file laid over the shipped limits and rules of providers (see docs/sending.md); "" for none.',
  },
  {
    publicUrl: url("https", "http"),
    sampleHardPercent: percent,
    senderId: feedbackSender,
    ownBlocklists: domain,
    ownDomainLists: domain,
    sandbox: domain,
  },
);

export const abuse = section<AbuseSettings>(defaultAbuseSettings, {
  answerWithinMs:
    "Within what time who writes to abuse@ should have an answer: tickets that wait longer are shown as late.",
  strikeMs: "How long a strike against a tenant counts: one warns, two limit its sending, three suspend it.",
});

export const transit = section<TransitSettings>(defaultTransitSettings, {
  httpsPort: "Port at which the MTA-STS policies of other domains are fetched: 443, but for tests.",
  policyTimeoutMs: "How long the fetch of a policy may take; mail to its domain waits.",
  policyRetryMs: "How long a domain is left alone after a fetch that failed.",
  policyRefreshMs: "A policy older than this is fetched again.",
  caFile:
    'PEM file with further authorities to believe, for other mail servers, MTA-STS, reports and ACME, looked at again when it changes; "" for none.',
  privateAddresses:
    "Fetch policies and deliver reports at private addresses too: for domains within one's own network.",
});

export const queue = section<QueueSettings>(
  defaultQueueSettings,
  {
    maxReady: "Recipients in memory at most, being sent or ready to be; more stay in the store until there is room.",
    maxReadyBytes: "Message bytes kept in memory for them; beyond this they are read again when their turn comes.",
    maxInFlightBytes: "Message bytes read for transactions under way.",
    claimBatch: "Due mail is claimed from the store in portions of this size.",
    claimEveryMs: "How often due mail is looked for.",
    leaseMs: "How long claimed mail belongs to this node without a renewal.",
    maxRecipientsPerTransaction: "Recipients of one SMTP transaction.",
    settleBatch: "Results made durable together at most.",
    maxUnsettled:
      "Results that are not yet durable, from which on nothing more is sent: a kill would have so many sent twice.",
    retryDelays: "Waits between attempts; the last one repeats.",
    retryJitterPercent: "Each wait is longer or shorter by up to this.",
    warnAfterMs: "Age at which the sender is told that a message is delayed.",
    stopGraceMs: "How long running transactions may go on when the server stops.",
  },
  {
    retryJitterPercent: percent,
    maxRecipientsPerTransaction: atLeastOne,
    maxUnsettled: atLeastOne,
  },
);

export const send = section<SendSettings>(defaultSendSettings, {
  port: "Port of every MX host: 25, but for tests.",
  ipv4: "Use IPv4 addresses of MX hosts.",
  ipv6: "Use IPv6 addresses of MX hosts.",
  preferIpv6: "Try IPv6 addresses first.",
  privateAddresses:
    "Go to MX hosts at private addresses too: where mail servers of one's own network exchange mail by MX. A route that names a domain may always lead there.",
  maxHosts: "MX hosts of a domain that are looked at, best first.",
  maxAddressesPerHost: "Addresses of one host.",
  maxAddressesPerAttempt: "Addresses that are tried before a destination counts as not to be reached.",
  firstBackOffMs: "Rest for a destination that cannot be reached; doubled each time.",
  maxBackOffMs: "Longest such rest.",
  maxConnections: "Connections to all destinations together.",
  maxConnectionsPerSite: "Connections to one set of MX hosts.",
  maxConnectionsPerFixedHost: "Connections to a host that a route or a relay domain names.",
  maxMessagesPerConnection: "Messages over one connection to an MX host.",
  maxMessagesPerFixedConnection: "Messages over one connection to a host that a route or a relay domain names.",
  fairMessages: "Messages after which a connection gives way when other destinations wait for one.",
  idleMs: "How long a connection is kept open without work.",
  connectTimeoutMs: "How long a connection may take to be made.",
  tlsTimeoutMs: "How long a TLS handshake may take.",
  greetingTimeoutMs: "Wait for the greeting (RFC 5321 §4.5.3.2 asks for 5 minutes).",
  ehloTimeoutMs: "Wait for the answer to EHLO.",
  mailTimeoutMs: "Wait for the answer to MAIL (5 minutes).",
  rcptTimeoutMs: "Wait for the answer to RCPT (5 minutes).",
  dataTimeoutMs: "Wait for the answer to DATA (2 minutes).",
  bodyTimeoutMs: "Wait for a stalled peer to take more of a message (3 minutes).",
  endTimeoutMs: "Wait for the answer to the end of a message (10 minutes).",
  brokenTlsMs: "An address whose STARTTLS failed is spoken to in the clear for so long, where no route wants TLS.",
  calloutYesMs: "Callout: how long a recipient that the next server takes is remembered.",
  calloutNoMs: "Callout: how long a recipient that it refuses is remembered.",
  calloutSilenceMs: "Callout: how long a domain is not asked again when nobody could be asked there.",
  calloutTimeoutMs: "Callout: how long a sender waits for it; then the recipient is taken.",
  maxCalloutsRemembered: "Callout: recipients remembered.",
  maxCallouts: "Callout: questions at a time; more are told to try again later.",
});
