/** Attachments that are text: scripts, shortcuts, calendars and contacts, told by what they say. */
import type { Danger } from "./finding.ts";

export type TextSign = { readonly danger: Danger; readonly what: string };

const headChars = 4096;

/** Programs in text that begin with a word of their own. */
const heads: readonly [danger: Danger, what: string, pattern: RegExp][] = [
  ["script", "registry file", /^\s*(?:Windows Registry Editor Version|REGEDIT4)/],
  ["script", "batch file", /^\s*(?:@\s*)?echo\s+off\b/i],
  ["script", "setup script", /^\s*(?:;[^\n]*\n\s*)*\[version\]\s*[\r\n]+(?:[^\n]*\n){0,4}?\s*signature\s*=\s*"?\$/i],
  ["script", "encoded script", /^\s*#@~\^/],
  ["script", "Windows script file", /^\s*(?:<\?xml[^>]*>\s*)?<(?:job|package|scriptlet|component)[\s>]/i],
  ["script", "Java Web Start", /^\s*(?:<\?xml[^>]*>\s*)?(?:<!--.{0,500}?-->\s*)?<jnlp[\s>]/is],
  ["script", "AppleScript", /^\s*(?:tell application "|do shell script ")/i],
  ["shortcut", "Internet shortcut", /^\s*\[InternetShortcut\]/i],
  ["shortcut", "shell command file", /^\s*\[Shell\][ \t]*[\r\n]\s*Command\s*=/i],
  ["shortcut", "desktop entry", /^\s*(?:#[^\n]*\n\s*)*\[Desktop Entry\]/],
  [
    "shortcut",
    "library or search",
    /^\s*(?:<\?xml[^>]*>\s*)?<(?:libraryDescription|persistedQuery|searchConnectorDescription)[\s>]/i,
  ],
  ["shortcut", "settings shortcut", /^\s*(?:<\?xml[^>]*>\s*)?<PCSettings[\s>]/i],
  ["shortcut", "Excel web query", /^\s*WEB[ \t]*[\r\n]\s*1[ \t]*[\r\n]\s*https?:/i],
  [
    "shortcut",
    "remote desktop file",
    /^\s*(?:[a-z ]+:[ibs]:[^\n]*\n)*?(?:full address|alternate full address|remoteapplicationprogram):s:/i,
  ],
  ["office-trap", "link file with DDE", /^ID;P[^\n]*\n[\s\S]{0,3000}?\bE[A-Z]*\|/i],
];

/** Calls that only programs which act on the machine make: two of a group are enough. */
const calls: readonly [what: string, patterns: readonly RegExp[], needed: number][] = [
  [
    "script for Windows",
    [
      /WScript\s*\.\s*(?:Shell|CreateObject|Echo|Sleep|Quit|ScriptFullName)/i,
      /new\s+ActiveXObject\s*\(/i,
      /CreateObject\s*\(\s*["'](?:WScript|Shell|MSXML2|ADODB|Scripting|Microsoft)\b/i,
      /\bGetObject\s*\(\s*["'](?:winmgmts|script):/i,
      /\bADODB\.Stream\b/i,
      /\bExecuteGlobal\b/i,
    ],
    1,
  ],
  [
    "PowerShell",
    [
      /\bInvoke-(?:Expression|WebRequest|RestMethod|Command|Item)\b/i,
      /\bIEX\s*[( $]/,
      /New-Object\s+(?:System\.)?Net\.WebClient/i,
      /\.Download(?:String|File|Data)\s*\(/i,
      /\[(?:System\.)?Convert\]::FromBase64String/i,
      /\bStart-Process\b/i,
      /\bAdd-Type\b/i,
      /\bSet-ExecutionPolicy\b/i,
      /\$env:(?:temp|appdata|public|userprofile)\b/i,
      /\bStart-BitsTransfer\b/i,
    ],
    2,
  ],
  [
    "commands",
    [
      /\bpowershell(?:\.exe)?\s+(?:-\w+\s+)*-(?:e|en|enc|encodedcommand|c|command|w|windowstyle|nop|noprofile|ep|exec|executionpolicy)\b/i,
      /\bmshta(?:\.exe)?\s+["']?(?:https?:|javascript:|vbscript:)/i,
      /\bcertutil(?:\.exe)?\s+-(?:urlcache|decode)/i,
      /\bbitsadmin(?:\.exe)?\s+\/transfer/i,
      /\bregsvr32(?:\.exe)?\s+\/s\s+\/n?\s*\/u?/i,
      /\brundll32(?:\.exe)?\s+\S+,/i,
      /\bcmd(?:\.exe)?\s+\/[ck]\b/i,
      /\bstart\s+["']{0,2}\s*%(?:temp|appdata|public)%/i,
    ],
    1,
  ],
];

/** What a text file is that a name ending in .txt would not make harmless everywhere. `name` decides only whether a doubtful one counts. */
export function scriptSign(text: string, looksRunnable: boolean): TextSign | undefined {
  const head = text.slice(0, headChars);
  for (const [danger, what, pattern] of heads) if (pattern.test(head)) return { danger, what };
  if (!looksRunnable) return undefined;
  const part = text.slice(0, maxCodeChars);
  for (const [what, patterns, needed] of calls) {
    let seen = 0;
    for (const pattern of patterns) if (pattern.test(part) && ++seen >= needed) return { danger: "script", what };
  }
  return undefined;
}
const maxCodeChars = 2 * 1024 * 1024;

/** Addresses that start programs or hand over a password hash when they are followed. */
const hostileTarget =
  /^(?:file|javascript|vbscript|search-ms|search|ms-[a-z-]+|mhtml|smb|jar|ldap|microsoft-edge|shell|about):|^\\|^data:(?:text\/html|application\/(?!pdf))/i;

const calendarHead = /^\ufeff?\s*BEGIN:(VCALENDAR|VCARD)/i;
export const isCalendar = (text: string): boolean => calendarHead.test(text.slice(0, 200).replace(/^ï»¿/, ""));

export type CalendarSigns = {
  readonly signs: readonly TextSign[];
  readonly embedded: readonly { readonly name: string; readonly bytes: Buffer }[];
};

const maxLines = 100_000;

/** iCalendar (RFC 5545) and vCard (RFC 6350): addresses that start something, procedures, files in them. */
export function calendarSigns(text: string): CalendarSigns {
  const signs: TextSign[] = [];
  const embedded: { name: string; bytes: Buffer }[] = [];
  const lines = text.replace(/\r?\n[ \t]/g, "").split(/\r?\n/, maxLines);
  for (const line of lines) {
    const colon = valueColon(line);
    if (colon < 0) continue;
    const head = line.slice(0, colon);
    const value = line.slice(colon + 1).trim();
    const name = /^(?:[A-Za-z0-9-]+\.)?([A-Za-z0-9-]+)/.exec(head)?.[1]?.toUpperCase() ?? "";
    if (name === "ACTION" && /^procedure$/i.test(value))
      signs.push({ danger: "calendar-trap", what: "an alarm that starts a program" });
    else if (
      /^(?:ATTACH|URL|SOURCE|IMAGE|CONFERENCE|PHOTO|LOGO|SOUND|KEY|X-ALT-DESC|FBURL|CALURI|CALADRURI|X-.*URL)$/.test(
        name,
      )
    ) {
      if (/ENCODING=(?:b|base64)/i.test(head) || /^data:[^,]{0,200};base64,/i.test(value)) {
        const data = value.replace(/^data:[^,]{0,200},/i, "");
        embedded.push({
          name: /(?:X-FILENAME|FILENAME|X-APPLE-FILENAME)="?([^";:]+)/i.exec(head)?.[1] ?? "",
          bytes: Buffer.from(data, "base64"),
        });
      } else if (name !== "X-ALT-DESC" && hostileTarget.test(value.replaceAll("\\\\", "\\")))
        signs.push({ danger: "calendar-trap", what: `${name} leads to ${value.slice(0, 40)}` });
    }
    if (/<script\b|javascript:|\bms-msdt:|\bsearch-ms:/i.test(value))
      signs.push({ danger: "calendar-trap", what: `a script in ${name}` });
  }
  return { signs, embedded };
}

/** The colon that ends name and parameters: those in quotes do not (RFC 5545 §3.1). */
function valueColon(line: string): number {
  let quoted = false;
  for (let i = 0; i < line.length; i++) {
    const char = line[i];
    if (char === '"') quoted = !quoted;
    else if (char === ":" && !quoted) return i;
  }
  return line.indexOf(":");
}
