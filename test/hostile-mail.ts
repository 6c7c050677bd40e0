/** Messages made to hurt who reads them. Each is at most 10 MB; names say what is too much. */

const head =
  "From: a@far.test\r\nTo: u2@example.test\r\nSubject: hostile\r\nMessage-ID: <hostile@far.test>\r\nMIME-Version: 1.0\r\n";
const many = (count: number, make: (index: number) => string): string =>
  Array.from({ length: count }, (_, index) => make(index)).join("");
const mixed = (boundary: string): string => `Content-Type: multipart/mixed; boundary="${boundary}"\r\n\r\n`;
const inner = "Content-Type: message/rfc822\r\n\r\n";
const text = (more: string): string => `${head}Content-Type: text/plain${more}`;

export const hostileMail: readonly [name: string, message: () => string][] = [
  ["200,000 empty parts", () => `${head}${mixed("b")}${many(200_000, () => "--b\r\n\r\n\r\n")}--b--\r\n`],
  ["200,000 parts without even a header", () => `${head}${mixed("b")}${many(200_000, () => "--b\r\n")}--b--\r\n`],
  ["2,000 messages in messages", () => `${head}${many(2000, () => inner)}x\r\n`],
  ["2,000 multiparts in multiparts", () => `${head}${many(2000, (i) => `${mixed(`b${i}`)}--b${i}\r\n`)}x\r\n`],
  [
    "boundaries that begin with each other",
    () => {
      const boundary = (i: number): string => "a".repeat((i % 200) + 1);
      return `${head}${mixed("a")}${many(1000, (i) => `--${boundary(i)}\r\n${mixed(boundary(i + 1))}`)}x\r\n`;
    },
  ],
  [
    "many multiparts, many delimiters of each",
    () => `${head}${mixed("b")}${many(2500, (i) => `--b\r\n${mixed(`c${i}`)}`)}${many(100_000, (i) => `--c${i}\r\n`)}`,
  ],
  ["500,000 lines of dashes", () => `${head}${mixed("----")}${"--\r\n".repeat(500_000)}`],
  ["long lines of dashes", () => `${head}${mixed("b")}${`${"-".repeat(300)}\r\n`.repeat(30_000)}`],
  ["100,000 addresses", () => `To: ${many(100_000, (i) => `a${i}@b.test,\r\n `)}z@b.test\r\n${head}\r\nx\r\n`],
  ["30,000 addresses", () => `To: ${many(30_000, (i) => `a${i}@b.t,\r\n `)}z@b.test\r\n${head}\r\nx\r\n`],
  [
    "100,000 addresses in a message within",
    () => `${head}${inner}To: ${many(100_000, (i) => `a${i}@b.test,\r\n `)}z@b.test\r\n\r\nx\r\n`,
  ],
  ["20,000 groups", () => `To: ${many(20_000, (i) => `g${i}:a;,\r\n `)}z@b.test\r\n${head}\r\nx\r\n`],
  ["50,000 parameters", () => `${text(many(50_000, (i) => `;\r\n p${i}=v`))}\r\n\r\nx\r\n`],
  ["30,000 parameters", () => `${text(many(30_000, (i) => `;\r\n p${i}=v`))}\r\n\r\nx\r\n`],
  ["30,000 continuations of one parameter", () => `${text(many(30_000, (i) => `;\r\n n*${i}*=%41`))}\r\n\r\nx\r\n`],
  ["100,000 header fields", () => `${head}${many(100_000, (i) => `X-${i}: y\r\n`)}\r\nx\r\n`],
  ["100,000 header fields of a part", () => `${head}${inner}${many(100_000, (i) => `X-${i}: y\r\n`)}\r\nx\r\n`],
  ["an encoding of 200,000 commas", () => `Content-Transfer-Encoding: x${",".repeat(200_000)}x\r\n${head}\r\nx\r\n`],
  ["an encoding of 200,000 quotes", () => `Content-Transfer-Encoding: x${'"'.repeat(200_000)}x\r\n${head}\r\nx\r\n`],
  ["a route of 200,000 commas", () => `To: <@a${",".repeat(200_000)}b:c@d.test>\r\n${head}\r\nx\r\n`],
  [
    "a file name of 200,000 blanks",
    () => `${text(`; name="a${"\t".repeat(200_000)}x"`)}\r\nContent-Disposition: attachment\r\n\r\nx\r\n`,
  ],
  ["one line of 8 MB", () => `${head}\r\n${"x".repeat(8 * 1024 * 1024)}\r\n`],
  ["one header field of 8 MB", () => `${head}X: ${"x".repeat(8 * 1024 * 1024)}\r\n\r\nx\r\n`],
  ["a subject of 400 KB", () => `Subject: ${"x".repeat(400 * 1024)}\r\n${head}\r\nx\r\n`],
  ["8,000 encoded words", () => `Subject: ${many(8000, () => "=?utf-8?q?=C3=A4?=\r\n ")}\r\n${head}\r\nx\r\n`],
  ["encoded words that never end", () => `Subject: ${"=?".repeat(100_000)}\r\n${head}\r\nx\r\n`],
  ["200,000 open comments", () => `To: ${"(".repeat(200_000)}a@b.test\r\n${head}\r\nx\r\n`],
  ["a quoted string that never ends", () => `To: ${'"\\'.repeat(100_000)}\r\n${head}\r\nx\r\n`],
  ["100,000 folds", () => `${head}X:${" \r\n".repeat(100_000)}\r\nx\r\n`],
  ["20,000 references", () => `References: ${many(20_000, (i) => `<${i}@x.test>\r\n `)}\r\n${head}\r\nx\r\n`],
  [
    "base64 garbage",
    () =>
      `${text("\r\nContent-Transfer-Encoding: base64")}\r\n\r\n${"!!!!====A=B=C=D=\0\xff garbage ####\r\n".repeat(40_000)}`,
  ],
  [
    "quoted-printable garbage",
    () => `${text("\r\nContent-Transfer-Encoding: quoted-printable")}\r\n\r\n${"=ZZ==\r\n=\r\n=4".repeat(100_000)}\r\n`,
  ],
  ["a charset nobody knows", () => `${text("; charset=x-klingon")}\r\n\r\n${"\xff\xfe\x80".repeat(10_000)}\r\n`],
  ["UTF-7 that never ends", () => `${text("; charset=utf-7")}\r\n\r\n${"+".repeat(100_000)}\r\n`],
  ["2 MB of open tags", () => `${head}Content-Type: text/html\r\n\r\n${"<".repeat(2_000_000)}\r\n`],
  [
    "HTML comments and entities that never end",
    () =>
      `${head}Content-Type: text/html\r\n\r\n${"&#x".repeat(500_000)}${"<a b='".repeat(200_000)}${"<!--".repeat(100_000)}\r\n`,
  ],
  ["NULs", () => `${head}X\0: y\r\nFrom\0: z\r\nX-Y: a\0b\r\n\r\n${"\0".repeat(100_000)}\r\n`],
  ["no header at all", () => "\r\n\r\n\r\n"],
  ["nothing at all", () => ""],
];
