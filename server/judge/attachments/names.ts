/** What the name of an attachment gives away: what a double click would do with it, and tricks that hide that. */

const programs =
  "accda accde accdr ade adp apk app appcontent-ms application appinstaller appref-ms appx appxbundle bin:no cab:no chm cmd com cpl deskthemepack diagcab diagpkg dll drv exe fxp gadget hlp hta inf ins isp its jar jnlp job jse lib:no mad maf mag mam maq mas mau mav maw mda mdb:no mde mdt mdw mdz msc msh msh1 msh2 mshxml msi msix msixbundle msp mst msu ocx ops osd pcd pif plg prf prg pst:no ps1 ps1xml ps2 ps2xml psc1 psc2 psm1 psd1 pyw pyz pyzw reg scf scr sct shb shs sys theme themepack tmp:no url vb vbe vbp vbs vsmacros vsto vsw vxd webloc webpnp website wll ws wsb wsc wsf wsh xbap xll xnk library-ms search-ms searchconnector-ms settingcontent-ms desktop:no slk:no iqy oqy dqy rqy printerexport udl lnk bat js mjs wsf a3x ahk cdxml fileloc inetloc action command workflow terminal scpt applescript";
const words = programs.split(" ").filter((word) => !word.endsWith(":no"));

const shortcuts = new Set(
  "lnk url scf website webloc fileloc inetloc appcontent-ms appref-ms library-ms search-ms searchconnector-ms settingcontent-ms xnk iqy oqy dqy rqy".split(
    " ",
  ),
);
const scripts = new Set(
  "bat cmd js jse mjs a3x ahk cdxml pyw vb vbe vbs ws wsc wsf wsh hta ps1 ps1xml ps2 ps2xml psc1 psc2 psm1 psd1 reg sct inf ins jnlp msh msh1 msh2 mshxml command scpt applescript workflow action terminal".split(
    " ",
  ),
);
/** Nobody's project has these, so that they count in whatever company they come. */
const onlyRun = new Set("jse vbe vbs ws wsc wsf wsh hta sct msh msh1 msh2 mshxml a3x".split(" "));
const all = new Set(words);

/** What a double click does with such a name. */
export type NameKind = "program" | "script" | "shortcut" | "harmless";

/** Extensions of what people send each other: before a program's they are a disguise. */
const innocent =
  /\.(?:pdf|docx?|xlsx?|pptx?|odt|ods|rtf|txt|csv|jpe?g|png|gif|bmp|tiff?|webp|mp3|mp4|avi|mov|html?|xml|zip|rar|7z|eml|msg|ics|vcf)$/i;
const turnsAround = /[\u202a-\u202e\u2066-\u2069\u200e\u200f]/;

/** The extension as Windows sees it: blanks and dots at the end do not count, compatibility forms are what they look like. */
export function extensionOf(name: string): string {
  const plain = tidy(name);
  const dot = plain.lastIndexOf(".");
  return dot < 0 ? "" : plain.slice(dot + 1).toLowerCase();
}

function tidy(name: string): string {
  return withoutEnd(name.normalize("NFKC").replace(/[\p{Cf}\p{Cc}]/gu, ""), /[\s.]/);
}

/** As `replace(/[…]+$/, "")`, whose time grows with the square of a name that strangers choose. */
function withoutEnd(name: string, sign: RegExp): string {
  let end = name.length;
  while (end > 0 && sign.test(name[end - 1]!)) end--;
  return name.slice(0, end);
}

export function nameKind(name: string): NameKind {
  const extension = extensionOf(name);
  if (!all.has(extension)) return /\.\{[0-9a-f-]{36}\}$/i.test(name.trim()) ? "shortcut" : "harmless";
  return shortcuts.has(extension) ? "shortcut" : scripts.has(extension) ? "script" : "program";
}

/** A script that is for running alone, and no part of a program's source. */
export const isOnlyRun = (name: string): boolean => onlyRun.has(extensionOf(name));

const source =
  /\.(?:[cm]?[jt]sx?|json|py|rb|php|java|kt|c|cc|cpp|h|hpp|cs|go|rs|swift|s?css|less|vue|svelte|md|ya?ml|toml|xml|sql|sh|ps1|bat|cmd|gradle|ipynb|cfg|ini|r|lua|pl)$/i;
const pages = /\.html?$/i;

/** How many files of an archive are somebody's project, or a page with what it needs: letters and pictures beside a script are none. */
export function projectSize(names: readonly string[]): number {
  if (names.some((name) => pages.test(name))) return names.length;
  return names.filter((name) => source.test(name)).length;
}

/** How the name deceives, or undefined. */
export function disguise(name: string): string | undefined {
  if (name.length > 2000) return "the name is endless";
  if (/\0[^\0]/.test(name) || /::?\$DATA$/i.test(name)) return "its end is not what programs take for its end";
  if (turnsAround.test(name)) {
    // Marks for right-to-left scripts are ordinary beside such letters; an override in front of Latin ones never is.
    const override = /[\u202d\u202e]/.test(name);
    const rtlLetters = /[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc]/.test(name);
    if (override || (!rtlLetters && nameKind(name) !== "harmless"))
      return "the name turns the direction of writing around";
  }
  if (nameKind(name) === "harmless") return undefined;
  const plain = tidy(name);
  const before = plain.slice(0, plain.lastIndexOf("."));
  if (before.length - before.trimEnd().length >= 5) return "blanks push the true extension out of sight";
  const rest = withoutEnd(before, /[\s_]/);
  const found = innocent.exec(rest);
  return found === null ? undefined : `it looks like ${found[0]} but is .${extensionOf(name)}`;
}
