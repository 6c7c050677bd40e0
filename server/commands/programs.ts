/** The commands that are programs of their own, as "angarium help" shows them: most have options that no other command has. */

export type Program = {
  readonly name: string;
  readonly usage: string;
  readonly help: string;
  /** Options and what they mean, below the usage. */
  readonly options?: readonly (readonly [option: string, meaning: string])[];
};

const data = ["--data DIR", 'the data folder ("data")'] as const;
const config = ["--config FILE", "the configuration (angarium.toml in the data folder)"] as const;

export const programs: readonly Program[] = [
  {
    name: "start",
    usage: "start [--data DIR] [--config FILE] [--hostname NAME] [--domain NAME]",
    help: "Runs the server until it is stopped; the first start makes the data folder, keys and an administrator.",
    options: [
      data,
      config,
      ["--hostname NAME", "full name of this machine, at the first start"],
      ["--domain NAME", "the first domain, at the first start"],
    ],
  },
  {
    name: "dev",
    usage: "dev [OPTION…]",
    help: "A complete server on 127.0.0.1 for tests, ready in one line of JSON (docs/dev.md).",
    options: [
      ["--data DIR", "where everything is kept (a new folder, removed at the end)"],
      ["--users N", "u1@… to uN@…, all with the password pw (10)"],
      ["--domain D", "their domain (example.test)"],
      ["--ports smtp=2525,…", "fixed ports; what is not named gets a free one"],
      ["--deliver-to HOST:PORT", "everything outbound goes there instead of by MX"],
      ["--dns FILE|HOST:PORT", "DNS answers from a file (docs/dns-file.md), or a resolver"],
      ["--mx-port N", "port of MX hosts (25)"],
      ["--https-port N", "port of MTA-STS policies of other domains (443)"],
      ["--ca FILE", "further authorities to believe"],
      ["--trust CIDR", "networks that may relay without AUTH (none)"],
      ["--cleartext-auth", "logins without TLS"],
      ["--strict", "every edge policy as in production"],
      ["--blocklist ZONE, --allowlist ZONE", "with --strict: DNS lists that are asked"],
      ["--greylist doubtful|all|off", "with --strict: who is asked to come again"],
      ["--believe-sealer DOMAIN", "ARC seals of it are believed"],
      ["--clamav, --rspamd, --milter ADDRESS", "scanners that are asked"],
      ["--scanner-down accept|later|quarantine", "what happens while one cannot be asked (later)"],
      ["--dkim always|seen", "sign always, or only with keys that --dns shows"],
      ["--set SECTION.KEY=VALUE", "any setting of docs/configuration.md"],
      ["--log-level debug|info|warn|error", "how much is logged"],
    ],
  },
  {
    name: "check",
    usage: "check [--data DIR] [--config FILE] [--dns FILE|HOST:PORT] [--json]",
    help: "Says what the configuration, this machine and DNS still lack.",
    options: [
      data,
      config,
      ["--dns FILE|HOST:PORT", "DNS answers from a file, or a resolver"],
      ["--json", "for programs: file, mistakes, and what machine or dns lack"],
    ],
  },
  { name: "config", usage: "config", help: "Prints the reference of the configuration file." },
  {
    name: "simulate",
    usage: "simulate [--scenario NAME…] [--seed N] [--json]",
    help: "Warms up servers against modelled receivers and says what came of it.",
  },
  {
    name: "filter train",
    usage: "filter train --model OUT [--from BASE] --ham PATH… --spam PATH… [--envelope FILE]",
    help: "Makes a model of the spam filter from mail in files.",
  },
  {
    name: "filter score",
    usage: "filter score --model MODEL|shipped|none [--rules on|off] [--envelope FILE] PATH…",
    help: "Says what the spam filter thinks of mail in files.",
  },
  {
    name: "restore",
    usage: "restore FOLDER [--data DIR] [--hold]",
    help: "Puts a backup into an empty data folder.",
    options: [
      data,
      [
        "--hold",
        "nothing leaves the copy until you let it go (angarium outgoing release): for a trial beside the original, or to look first",
      ],
    ],
  },
  { name: "version", usage: "version", help: "Prints the version." },
];

/** The programs whose names begin with these words. */
export function programsOf(words: readonly string[]): readonly Program[] {
  return programs.filter(({ name }) => words.every((word, index) => name.split(" ")[index] === word));
}

/** The longest program name that the words begin with. */
export function programOf(words: readonly string[]): Program | undefined {
  return programs.find(({ name }) => words.slice(0, name.split(" ").length).join(" ") === name);
}

/** One line each. */
export function programLines(found: readonly Program[]): string {
  const width = Math.max(...found.map(({ name }) => name.length));
  return found.map(({ name, help }) => `  ${name.padEnd(width)}  ${help}`).join("\n");
}

/** All about one. */
export function programHelp({ usage, help, options = [] }: Program): string {
  const width = Math.max(...options.map(([option]) => option.length));
  const lines = options.map(([option, meaning]) => `  ${option.padEnd(width)}  ${meaning}`);
  return [help, "", `angarium ${usage}`, ...(lines.length > 0 ? ["", ...lines] : [])].join("\n");
}
