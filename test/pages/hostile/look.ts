/** Runs in the page: opens a conversation as its address does, waits until the letter is shown, and says what is wrong with the page then. */

export type Seen = {
  readonly faults: readonly string[];
};

export function installLook(): void {
  const opened: string[] = [];
  window.open = (url) => {
    opened.push(String(url));
    return null;
  };
  const frame = (): Promise<void> => new Promise((next) => requestAnimationFrame(() => next()));
  const soon = (): Promise<void> => new Promise((next) => setTimeout(next, 2));
  const forbidden =
    "script,iframe,frame,object,embed,applet,form,input,button,textarea,select,link,base,svg,math,template,dialog,video,audio,portal,[srcset],[contenteditable],[autofocus],[ping],[id],[name]:not(meta)";

  function faultsOfFrame(shown: HTMLIFrameElement): readonly string[] {
    const inside = shown.contentDocument;
    if (inside === null) return ["the frame went elsewhere"];
    const faults: string[] = [];
    if (inside.location.pathname !== "/frame.html") faults.push(`the frame is at ${inside.location.href}`);
    if (shown.getAttribute("sandbox") !== "allow-same-origin") faults.push("the frame has lost its sandbox");
    for (const bad of inside.body.querySelectorAll(forbidden)) faults.push(`<${bad.outerHTML.slice(0, 80)}`);
    for (const element of inside.querySelectorAll("body, body *")) {
      for (const { name, value } of element.attributes) {
        if (name.startsWith("on")) faults.push(`${name} is there`);
        if (name === "href" && !/^(?:https?:|mailto:|tel:)/i.test(value)) faults.push(`a link to ${value}`);
        if (name === "src" && !/^(?:data:image\/(?!svg)|blob:)/i.test(value)) faults.push(`a picture from ${value}`);
        if (name === "background") faults.push(`a background from ${value}`);
        if (name === "style" && /url\(["']?(?!data:image\/(?!svg))/i.test(value)) faults.push(`style ${value}`);
      }
    }
    for (const sheet of inside.querySelectorAll("style[data-message]"))
      if (/url\(|@import|@font-face|position:\s*(?:fixed|sticky)/i.test(sheet.textContent ?? ""))
        faults.push(`a sheet with ${sheet.textContent?.slice(0, 100)}`);
    return faults;
  }

  /** The controls of the page can be reached where they are. */
  function faultsOfPage(): readonly string[] {
    const faults: string[] = [];
    const controls =
      innerWidth > 1020
        ? ["nav .compose button", ".find input", ".bar .desk button", "article header .fold"]
        : [".bar .back button", ".bar > button:last-of-type, .bar [aria-haspopup]", "article header .fold"];
    for (const control of controls) {
      const element = document.querySelector(control);
      const { left, top, width, height } = element?.getBoundingClientRect() ?? new DOMRect();
      const at = document.elementFromPoint(left + width / 2, top + Math.min(height / 2, 20));
      if (element === null || !element.contains(at))
        faults.push(`${control} is covered by ${at?.outerHTML.slice(0, 60)}`);
    }
    if (document.documentElement.scrollWidth > innerWidth) faults.push("the page is wider than its window");
    if (document.querySelectorAll("base, head style, meta[http-equiv], object, embed, form").length > 0)
      faults.push("something came into the page");
    const scroller = document.querySelector("section.pane .scroll");
    if (scroller !== null && scroller.scrollWidth > scroller.clientWidth + 1)
      faults.push("the letter is wider than its pane");
    return faults;
  }

  async function look(thread: string, letters: number, most: number): Promise<Seen> {
    const begun = performance.now();
    const before = new Set<Element>(document.querySelectorAll("article"));
    location.hash = `#/t/${thread}`;
    const isShown = (article: Element) =>
      article.querySelector("iframe[data-shown], .body .text, .body .empty") !== null && !before.has(article);
    for (;;) {
      await soon();
      const articles = [...document.querySelectorAll("article.unfolded")];
      if (articles.length === letters && articles.every(isShown)) break;
      if (performance.now() - begun > most) return { faults: [`${articles.length} of ${letters} are shown`] };
    }
    // What a letter does by itself it does at once, or with the next frame.
    await frame();
    await soon();
    const faults: string[] = [];
    for (const shown of document.querySelectorAll("article iframe") as NodeListOf<HTMLIFrameElement>) {
      const sender = shown.closest("article")?.querySelector("header strong")?.textContent ?? "";
      faults.push(...faultsOfFrame(shown).map((fault) => `${sender}: ${fault}`));
      if (shown.getBoundingClientRect().height > 60_100) faults.push("the frame is endless");
      for (const target of shown.contentDocument?.querySelectorAll<Element>(".click") ?? []) {
        target.dispatchEvent(new MouseEvent("click", { bubbles: true, cancelable: true }));
        await soon();
        document.querySelector<HTMLElement>("dialog button, [role=dialog] button")?.click();
        await soon();
      }
    }
    for (const url of opened.splice(0)) if (!/^https?:/i.test(url)) faults.push(`a click opened ${url}`);
    faults.push(...faultsOfPage());
    const ran = (window as unknown as { hostile?: unknown }).hostile;
    if (ran !== undefined) faults.push("a script ran");
    delete (window as unknown as { hostile?: unknown }).hostile;
    return { faults };
  }
  Object.assign(window, { look });
}
