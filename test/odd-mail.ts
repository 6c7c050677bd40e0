/** Mail that exact search may stumble over, and needles for it. */
import { anyOf, type Random } from "./fuzz.ts";

const pick = <T>(random: Random, list: readonly T[]): T => list[random(list.length)]!;
const syllables = "ba CE di fo gu la me n po ru sa te ing tion 4 71".split(" ");
const odd =
  "é É ß ſ ﬁ İ ı ς Σ й Й ё ї ж ǆ ½ ² ª µ e\u0301 \u0301 \u00a0 – ’ “ … € 東 京 ー ば ก ا ِ 𝒳 😀 가 \u1100\u1161 ½ x".split(
    " ",
  );
const marks = [
  " ",
  " ",
  " ",
  "  ",
  "\r\n",
  "\t",
  "-",
  ".",
  ",",
  "/",
  "=",
  "&amp;",
  "&eacute;",
  "<b>",
  "</b>",
  "<br>",
  '"',
  "\0",
  "\r",
];
const word = (random: Random) =>
  anyOf(random, random(5) === 0 ? [...syllables, ...odd] : syllables, 1 + random(random(20) === 0 ? 40 : 5));
const text = (random: Random) => Array.from({ length: random(60) }, () => word(random) + pick(random, marks)).join("");
const line = (given: string) => given.replace(/[\r\n\0]/g, "");
const encoded = (given: string) => `=?utf-8?B?${Buffer.from(given.slice(0, 40)).toString("base64")}?=`;
const quoted = (given: string) =>
  [...Buffer.from(given)].map((byte) => `=${byte.toString(16).toUpperCase().padStart(2, "0")}`).join("");

/** A message with words of few syllables, odd letters, markup, all encodings and a message within; and texts to cut needles from. */
export function oddMessage(random: Random): { readonly bytes: Buffer; readonly texts: readonly string[] } {
  const [subject, name, body, inner] = [
    line(text(random)).slice(0, 200),
    line(word(random)),
    text(random),
    text(random),
  ];
  const texts = [subject, name, body, inner];
  const head = `From: ${random(2) ? encoded(name) : name} <${word(random)}@far.test>\r\nX-Odd: ${line(text(random))}\r\n ${line(text(random))}\r\nSubject: ${random(2) ? encoded(subject) : subject}\r\n`;
  const part = (given: string): string => {
    const type = `Content-Type: text/${pick(random, ["plain", "html"])}; charset=utf-8${random(4) ? "" : `; name="${word(random)}.txt"`}\r\n`;
    switch (random(3)) {
      case 0:
        return `${type}Content-Transfer-Encoding: base64\r\n\r\n${Buffer.from(given).toString("base64")}\r\n`;
      case 1:
        return `${type}Content-Transfer-Encoding: quoted-printable\r\n\r\n${quoted(given).replace(/.{60}/g, "$&=\r\n")}\r\n`;
      default:
        return `${type}\r\n${given}\r\n`;
    }
  };
  const whole =
    random(2) === 0
      ? head + part(body)
      : `${head}Content-Type: multipart/mixed; boundary="=x"\r\n\r\n--=x\r\n${part(body)}--=x\r\nContent-Type: message/rfc822\r\n\r\nSubject: ${encoded(inner)}\r\n${part(inner)}\r\n--=x--\r\n`;
  return { bytes: Buffer.from(whole), texts };
}

/** A needle: mostly cut from one of the texts. */
export function needleIn(random: Random, texts: readonly string[]): string {
  if (random(6) === 0) return word(random) + (random(2) ? pick(random, marks) + word(random) : "");
  const from = [...pick(random, texts)];
  const at = random(from.length + 1);
  const cut = from.slice(at, at + 1 + random(random(3) === 0 ? 40 : 10)).join("");
  return random(4) === 0 ? cut.toUpperCase() : cut;
}
