/** What a ManageSieve client says (RFC 5804 §4): a verb and its arguments, checked for their number and kind. */
import { Buffer } from "node:buffer";

export type Argument =
  | { readonly kind: "string"; readonly bytes: Buffer }
  | { readonly kind: "number"; readonly value: number };
export type Sentence = { readonly verb: string; readonly args: readonly Argument[] };

export type Command =
  | { readonly verb: "AUTHENTICATE"; readonly mechanism: string; readonly initial: string | undefined }
  | { readonly verb: "STARTTLS" | "LOGOUT" | "CAPABILITY" | "UNAUTHENTICATE" }
  | { readonly verb: "LISTSCRIPTS" }
  | { readonly verb: "NOOP"; readonly tag: string | undefined }
  | { readonly verb: "HAVESPACE"; readonly name: string; readonly sizeBytes: number }
  | { readonly verb: "PUTSCRIPT"; readonly name: string; readonly script: string }
  | { readonly verb: "CHECKSCRIPT"; readonly script: string }
  | { readonly verb: "SETACTIVE" | "GETSCRIPT" | "DELETESCRIPT"; readonly name: string }
  | { readonly verb: "RENAMESCRIPT"; readonly name: string; readonly to: string };

/** What is wrong, for the person who looks at it. */
export type Wrong = { readonly wrong: string };

const shapes: { readonly [verb: string]: readonly ("string" | "number" | "string?")[] } = {
  AUTHENTICATE: ["string", "string?"],
  STARTTLS: [],
  LOGOUT: [],
  CAPABILITY: [],
  LISTSCRIPTS: [],
  UNAUTHENTICATE: [],
  NOOP: ["string?"],
  HAVESPACE: ["string", "number"],
  PUTSCRIPT: ["string", "string"],
  CHECKSCRIPT: ["string"],
  SETACTIVE: ["string"],
  GETSCRIPT: ["string"],
  DELETESCRIPT: ["string"],
  RENAMESCRIPT: ["string", "string"],
};

const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

export function commandOf({ verb, args }: Sentence): Command | Wrong {
  const name = verb.toUpperCase();
  const shape = Object.hasOwn(shapes, name) ? shapes[name]! : undefined;
  if (shape === undefined) return { wrong: `There is no command ${name.slice(0, 40)}` };
  const values: (string | number | undefined)[] = [];
  for (const [index, kind] of shape.entries()) {
    const argument = args[index];
    if (argument === undefined) {
      if (kind !== "string?") return { wrong: `${name} lacks argument ${index + 1}: a ${kind} was expected` };
      values.push(undefined);
    } else if (argument.kind !== (kind === "number" ? "number" : "string"))
      return { wrong: `Argument ${index + 1} of ${name} must be a ${kind === "number" ? "number" : "string"}` };
    else if (argument.kind === "number") values.push(argument.value);
    else {
      const text = textOf(argument.bytes);
      if (text === undefined) return { wrong: `Argument ${index + 1} of ${name} is not UTF-8` };
      values.push(text);
    }
  }
  if (args.length > shape.length) return { wrong: `${name} takes no more arguments than ${shape.length}` };
  const [first, second] = values as [string, string];
  switch (name) {
    case "AUTHENTICATE":
      return { verb: name, mechanism: first.toUpperCase(), initial: second };
    case "NOOP":
      return { verb: name, tag: first };
    case "HAVESPACE":
      return { verb: name, name: first, sizeBytes: values[1] as number };
    case "PUTSCRIPT":
      return { verb: name, name: first, script: second };
    case "CHECKSCRIPT":
      return { verb: name, script: first };
    case "SETACTIVE":
    case "GETSCRIPT":
    case "DELETESCRIPT":
      return { verb: name, name: first };
    case "RENAMESCRIPT":
      return { verb: name, name: first, to: second };
    default:
      return { verb: name as "LOGOUT" };
  }
}

function textOf(bytes: Buffer): string | undefined {
  try {
    return decoder.decode(bytes);
  } catch {
    return undefined;
  }
}

/** RFC 4648 base64 of a SASL message; "" is an empty one. */
export function decodeBase64(text: string): Buffer | undefined {
  return /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/.test(text)
    ? Buffer.from(text, "base64")
    : undefined;
}
