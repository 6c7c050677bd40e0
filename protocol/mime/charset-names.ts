/** Which decoder a charset label of a message means: labels of the Encoding Standard, and those that mail uses besides. */

/** Decoders: names of the Encoding Standard, the 7-bit encodings it left out, and "guess" (UTF-8 where it is valid, else windows-1252). */
export type Charset = string & { readonly __brand: "Charset" };

/** Decoder → labels besides its own name, blanks and "-_:." taken out. Later rows do not repeat a label. */
const table: { readonly [charset: string]: string } = {
  guess:
    "usascii ascii ansix341968 ansix341986 iso646us us 646 unknown unknown8bit xunknown 8bit 7bit binary default none " +
    "xuserdefined ascii8bit x8bit undefined null auto",
  "utf-7": "unicode11utf7 xunicode20utf7 csunicode11utf7 cp65000 unicode20utf7 xutf7",
  "hz-gb-2312": "hz hzgb",
  "iso-2022-kr": "csiso2022kr cp50225",
  "utf-8": "utf8mb4 cp65001 xutf8 csutf8 unicode11utf8 unicode20utf8 xunicode20utf8",
  ibm866: "866 cp866 csibm866",
  "iso-8859-2": "csisolatin2 isoir101 iso885921987 l2 latin2",
  "iso-8859-3": "csisolatin3 isoir109 iso885931988 l3 latin3",
  "iso-8859-4": "csisolatin4 isoir110 iso885941988 l4 latin4",
  "iso-8859-5": "csisolatincyrillic cyrillic isoir144 iso885951988",
  "iso-8859-6":
    "arabic asmo708 csiso88596e csiso88596i csisolatinarabic ecma114 iso88596e iso88596i isoir127 iso885961987",
  "iso-8859-7": "csisolatingreek ecma118 elot928 greek greek8 isoir126 iso885971987 suneugreek",
  "iso-8859-8": "csiso88598e csisolatinhebrew hebrew iso88598e isoir138 iso885981988 visual",
  "iso-8859-8-i": "iso88598i csiso88598i logical",
  "iso-8859-10": "csisolatin6 isoir157 l6 latin6",
  "iso-8859-13": "",
  "iso-8859-14": "",
  "iso-8859-15": "latin9 latin0 cp28605 csisolatin9 l9",
  "iso-8859-16": "",
  "koi8-r": "xkoi8r koir8 cp20866 cskoi8r koi koi8",
  "koi8-u": "cp21866 xkoi8u koi8ru",
  macintosh: "macroman xmacintosh csmacintosh mac xmacroman",
  "windows-874": "cp874 xwindows874 ms874 dos874 iso885911 tis620",
  "windows-1250": "cp1250 xcp1250",
  "windows-1251": "cp1251 xcp1251",
  "windows-1253": "cp1253 xcp1253",
  "windows-1254": "cp1254 csisolatin5 iso88599 isoir148 iso885991989 l5 latin5 xcp1254",
  "windows-1255": "cp1255 xcp1255",
  "windows-1256": "cp1256 xcp1256",
  "windows-1257": "cp1257 xcp1257",
  "windows-1258": "cp1258 xcp1258",
  "x-mac-cyrillic": "maccyrillic xmacukrainian",
  gbk: "cp936 ms936 windows936 cngb xcp936 euccn gb12345 csgbk chinese csgb2312 csiso58gb231280 gb2312 gb231280 isoir58 xgbk",
  gb18030: "",
  big5: "cp950 ms950 windows950 xwindows950 big5eten big5hkscs2004 big5hkscs cnbig5 csbig5 xxbig5",
  "euc-jp": "ujis cp51932 eucjpms xeuc cseucpkdfmtjapanese xeucjp",
  "iso-2022-jp":
    "iso2022jp1 iso2022jp2 iso2022jp3 iso2022jp2004 iso2022jpms cp50220 cp50221 cp50222 csiso2022jp2 csiso2022jp",
  shift_jis:
    "cp932 windows932 xms932 shiftjisms shiftjisx0213 xshiftjis mscp932 csshiftjis ms932 mskanji sjis windows31j xsjis",
  "euc-kr":
    "cp949 ms949 uhc xwindows949 ksx1001 kscode xcp949 cseuckr csksc56011987 isoir149 korean ksc56011987 ksc56011989 ksc5601 windows949",
  "utf-16be": "cp1201 unicodefffe",
  "utf-16le": "cp1200 csutf16 csunicode iso10646ucs2 ucs2 unicode unicodefeff utf16",
  "windows-1252":
    "cp1252 cp819 csisolatin1 ibm819 iso88591 isoir100 iso885911987 l1 latin1 latin ansi xcp1252 xansi cp28591 xlatin1 " +
    "iso88591windows31latin1",
};

const charsets = new Map<string, Charset>([["utf-8", "utf-8" as Charset]]);
for (const [charset, labels] of Object.entries(table)) {
  charsets.set(charset.replace(/[-_]/g, ""), charset as Charset);
  for (const label of labels.split(" ")) if (label !== "") charsets.set(label, charset as Charset);
}

export const guessed = "guess" as Charset;
charsets.set("", guessed).set("us-ascii", guessed);
const maxLabelChars = 64;

/** The decoder for a label; "guess" for what nobody knows. */
export function charsetFor(label: string): Charset {
  const plain = charsets.get(label);
  if (plain !== undefined) return plain;
  let name = label.slice(0, maxLabelChars).toLowerCase();
  const star = name.indexOf("*"); // RFC 2231 §5: charset*language
  if (star >= 0) name = name.slice(0, star);
  name = name.replace(/[^a-z0-9]/g, "");
  const known = charsets.get(name);
  if (known !== undefined) return known;
  // "x-cp1251", "win-1251", "cp-1252", "8859-2", "iso8859-15-windows", "utf-8-strict": what is meant is plain.
  const windows = /^(?:x|cs|ms)?(?:cp|win|windows|ansi|ibm)?(125\d)$/.exec(name);
  if (windows !== null) return charsets.get(`windows${windows[1]}`) ?? guessed;
  const iso = /^(?:x|cs)?(?:iso)?8859(1[0-6]|[1-9])/.exec(name);
  if (iso !== null) return charsets.get(`iso8859${iso[1]}`) ?? guessed;
  return charsets.get(name.replace(/^(?:x|cs)/, "")) ?? (name.startsWith("utf8") ? charsets.get("utf8")! : guessed);
}
