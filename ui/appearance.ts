/** How the page looks to this person on this device: kept in the browser, set on <html>. */
export type Appearance = {
  readonly theme: "system" | "light" | "dark";
  readonly density: "comfortable" | "compact";
  /** A language code, or "" for the browser's. */
  readonly language: string;
};

const key = "angarium.appearance";
const usual: Appearance = { theme: "system", density: "comfortable", language: "" };

export function readAppearance(): Appearance {
  try {
    return { ...usual, ...(JSON.parse(localStorage.getItem(key) ?? "{}") as Partial<Appearance>) };
  } catch {
    return usual;
  }
}

/** Keeps it and shows it. The language is for `speak`. */
export function setAppearance(look: Appearance): void {
  try {
    localStorage.setItem(key, JSON.stringify(look));
  } catch {
    // Without storage it holds until the page is left.
  }
  showAppearance(look);
}

export function showAppearance({ theme, density }: Appearance): void {
  const { dataset } = document.documentElement;
  if (theme === "system") delete dataset["theme"];
  else dataset["theme"] = theme;
  dataset["density"] = density;
}
