/** Filters made by clicking, as one Sieve script (RFC 5228): each rule stands as JSON in a comment above what it does. */

export type Field = "from" | "to" | "subject" | "list" | "body" | "size";
export type Condition = {
  readonly field: Field;
  readonly is: "contains" | "not-contains" | "is" | "larger";
  readonly value: string;
};
export type Action =
  | { readonly kind: "move"; readonly mailbox: string }
  | { readonly kind: "copy"; readonly mailbox: string }
  | { readonly kind: "seen" }
  | { readonly kind: "star" }
  | { readonly kind: "forward"; readonly address: string }
  | { readonly kind: "trash" }
  | { readonly kind: "stop" };

export type Rule = {
  readonly id: string;
  readonly name: string;
  readonly on: boolean;
  readonly all: boolean;
  readonly conditions: readonly Condition[];
  readonly actions: readonly Action[];
};

export const scriptName = "Webmail filters";
export const maxRules = 100;
const mark = "# angarium-rule: ";
const includeMark = "# angarium-include: ";

/** RFC 5228 §2.4.2. */
const quoted = (text: string): string => `"${text.replace(/[\r\n\0]/g, " ").replace(/["\\]/g, "\\$&")}"`;

/** Larger than what is written, in kilobytes. */
export const overBytes = (value: string): number => Math.max(1, Math.round(Number(value) || 1)) * 1024;

function testOf({ field, is, value }: Condition): string {
  const match = is === "is" ? ":is" : ":contains";
  const positive = (() => {
    switch (field) {
      case "from":
        return `address ${match} ["from", "sender"] ${quoted(value)}`;
      case "to":
        return `address ${match} ["to", "cc", "resent-to"] ${quoted(value)}`;
      case "subject":
        return `header ${match} "subject" ${quoted(value)}`;
      case "list":
        return `header ${match} ["list-id", "list-post"] ${quoted(value)}`;
      case "body":
        return `body :text ${match} ${quoted(value)}`;
      case "size":
        return `size :over ${overBytes(value) / 1024}K`;
      default:
        return field satisfies never;
    }
  })();
  return is === "not-contains" ? `not ${positive}` : positive;
}

function doing(action: Action): string {
  switch (action.kind) {
    case "move":
      return `fileinto :create ${quoted(action.mailbox)};`;
    case "copy":
      return `fileinto :copy :create ${quoted(action.mailbox)};`;
    case "seen":
      return 'addflag "\\\\Seen";';
    case "star":
      return 'addflag "\\\\Flagged";';
    case "forward":
      return `redirect :copy ${quoted(action.address)};`;
    case "trash":
      return 'fileinto :specialuse "\\\\Trash" "Trash";';
    case "stop":
      return "stop;";
    default:
      return action satisfies never;
  }
}

/** Flags are set before the message is put anywhere. */
const order = (action: Action): number =>
  action.kind === "seen" || action.kind === "star" ? 0 : action.kind === "stop" ? 2 : 1;

/** @param include the script that was active before: it goes on being run after these rules */
export function writeRules(rules: readonly Rule[], include: string | undefined): string {
  const lines = [
    'require ["fileinto", "copy", "imap4flags", "body", "mailbox", "special-use", "include"];',
    "# Written by the webmail. Rules are changed there; what is changed here by hand is lost.",
  ];
  if (include !== undefined) lines.push(`${includeMark}${JSON.stringify(include)}`);
  for (const rule of rules) {
    lines.push("", `${mark}${JSON.stringify(rule)}`);
    if (!rule.on || rule.conditions.length === 0 || rule.actions.length === 0) continue;
    const tests = rule.conditions.map(testOf);
    lines.push(`if ${tests.length === 1 ? tests[0] : `${rule.all ? "allof" : "anyof"} (${tests.join(", ")})`} {`);
    for (const action of [...rule.actions].sort((a, b) => order(a) - order(b))) lines.push(`  ${doing(action)}`);
    lines.push("}");
  }
  if (include !== undefined) lines.push("", `include :personal :optional ${quoted(include)};`);
  return `${lines.join("\r\n")}\r\n`;
}

/** What `writeRules` wrote. */
export function readRules(script: string): { readonly rules: readonly Rule[]; readonly include: string | undefined } {
  const rules: Rule[] = [];
  let include: string | undefined;
  for (const line of script.split(/\r?\n/)) {
    try {
      if (line.startsWith(mark)) rules.push(JSON.parse(line.slice(mark.length)) as Rule);
      else if (line.startsWith(includeMark)) include = JSON.parse(line.slice(includeMark.length)) as string;
    } catch {
      // Somebody has written here by hand: what cannot be read is no rule of ours.
    }
  }
  return { rules, include };
}

/** One rule in words: for lists. */
export const newRule = (): Rule => ({
  id: crypto.randomUUID(),
  name: "",
  on: true,
  all: true,
  conditions: [{ field: "from", is: "contains", value: "" }],
  actions: [{ kind: "move", mailbox: "" }],
});
