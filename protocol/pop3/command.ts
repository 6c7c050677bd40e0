/** POP3 commands as plain values: RFC 1939, 2449 (CAPA), 2595 (STLS), 5034 (AUTH), 6856 (UTF8, LANG). */
import { err, type Reply } from "./reply.ts";

export type Command =
  | { readonly verb: "USER"; readonly user: string }
  | { readonly verb: "PASS"; readonly password: string }
  /** Without mechanism: asks which there are. `initial` decoded; "=" is empty. */
  | { readonly verb: "AUTH"; readonly mechanism: string | undefined; readonly initial: Buffer | undefined }
  | { readonly verb: "LANG"; readonly language: string | undefined }
  | { readonly verb: "CAPA" | "STLS" | "QUIT" | "UTF8" }
  | MaildropCommand;

/** Those that need an open maildrop. */
export type MaildropCommand =
  | { readonly verb: "STAT" | "RSET" | "NOOP" }
  | { readonly verb: "LIST" | "UIDL"; readonly message: number | undefined }
  | { readonly verb: "RETR" | "DELE"; readonly message: number }
  | { readonly verb: "TOP"; readonly message: number; readonly lines: number };

const unknown = err("Unknown command");
const noArgument = err("This command takes no argument");
const badNumber = err("Not a message number");
const badText = err("Text is not valid UTF-8");
const badBase64 = err("Not base64");
const missing = err("Missing argument");
const verb = /^([A-Za-z0-9]{1,8})(?: (.*?))? *$/;
const number = /^\d{1,10}$/;
const base64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;
const control = /[\x00-\x1f\x7f]/;
const strictUtf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** One line without its CRLF. */
export function parseCommand(line: Buffer): Command | Reply {
  const text = line.toString("latin1");
  // A NUL or another control would cut what is read elsewhere: "RETR 1\0", "USER a\0b".
  if (control.test(text)) return err("Control characters are not allowed");
  const found = verb.exec(text);
  if (found === null) return unknown;
  const name = found[1]!.toUpperCase();
  const argument = found[2];
  switch (name) {
    case "RETR":
    case "DELE": {
      const message = messageNumber(argument);
      return message === undefined ? badNumber : { verb: name, message };
    }
    case "LIST":
    case "UIDL": {
      if (argument === undefined || argument === "") return { verb: name, message: undefined };
      const message = messageNumber(argument);
      return message === undefined ? badNumber : { verb: name, message };
    }
    case "TOP": {
      const [first, second, ...more] = (argument ?? "").split(" ");
      const message = messageNumber(first);
      if (message === undefined || second === undefined || !number.test(second) || more.length > 0) {
        return err("TOP takes a message number and a number of lines");
      }
      return { verb: "TOP", message, lines: Number(second) };
    }
    case "USER": {
      const user = unicode(argument ?? "");
      return user === undefined ? badText : user === "" ? missing : { verb: "USER", user };
    }
    case "PASS": {
      // RFC 1939 §7: everything behind the one space is the password, spaces included.
      const password = unicode(text.slice(5));
      return password === undefined ? badText : password === "" ? missing : { verb: "PASS", password };
    }
    case "AUTH":
      return auth(argument ?? "");
    case "LANG":
      return { verb: "LANG", language: argument === "" ? undefined : argument };
    case "CAPA":
    case "STLS":
    case "STAT":
    case "RSET":
    case "NOOP":
    case "QUIT":
    case "UTF8":
      return argument === undefined || argument === "" ? { verb: name } : noArgument;
    default:
      return unknown;
  }
}

function auth(argument: string): Command | Reply {
  const [mechanism, response, ...more] = argument.split(" ");
  if (mechanism === undefined || mechanism === "") return { verb: "AUTH", mechanism: undefined, initial: undefined };
  if (more.length > 0) return err("Too many arguments");
  if (response === undefined) return { verb: "AUTH", mechanism: mechanism.toUpperCase(), initial: undefined };
  const initial = response === "=" ? Buffer.alloc(0) : decodeResponse(response);
  if (initial === undefined || response === "") return badBase64;
  return { verb: "AUTH", mechanism: mechanism.toUpperCase(), initial };
}

/** A line of a SASL exchange, undefined where it is not base64. */
export function decodeResponse(line: string): Buffer | undefined {
  return base64.test(line) ? Buffer.from(line, "base64") : undefined;
}

function messageNumber(text: string | undefined): number | undefined {
  return text !== undefined && number.test(text) ? Number(text) : undefined;
}

function unicode(bytes: string): string | undefined {
  if (!/[\x80-\xff]/.test(bytes)) return bytes;
  try {
    return strictUtf8.decode(Buffer.from(bytes, "latin1"));
  } catch {
    return undefined;
  }
}
