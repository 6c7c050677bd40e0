/** The frame a message is shown in: sandboxed without scripts, under a policy of its own (frame.html and its headers), as high as what is in it. */
import { foldedClass } from "./quoted.ts";
import type { Sanitized } from "./sanitize.ts";

export type FrameSays = {
  readonly link: (href: string, text: string) => void;
  /** The pointer or the keyboard is on a link, or has left it. */
  readonly over: (href: string | undefined) => void;
  /** A key that the message has no use for. */
  readonly key: (event: KeyboardEvent) => void;
};

const foldedQuote = `details.${foldedClass}`;

/** Puts a message into a loaded frame; answers how to let go of it. */
export function fillFrame(frame: HTMLIFrameElement, message: Sanitized, dark: boolean, says: FrameSays): () => void {
  const inside = frame.contentDocument;
  if (inside === null) return () => {};
  const html = inside.documentElement;
  html.classList.toggle("dark", dark);
  for (const old of inside.head.querySelectorAll("style[data-message]")) old.remove();
  if (message.styles !== "") {
    const style = inside.createElement("style");
    style.dataset["message"] = "";
    style.textContent = message.styles;
    inside.head.append(style);
  }
  inside.body.removeAttribute("style");
  const bodyStyle = message.body.getAttribute("style");
  if (bodyStyle !== null) inside.body.setAttribute("style", bodyStyle);
  const colour = message.body.getAttribute("bgcolor");
  if (colour !== null) inside.body.setAttribute("bgcolor", colour);
  // Pictures that come later fold nothing that was unfolded.
  const unfolded = inside.querySelector<HTMLDetailsElement>(foldedQuote)?.open === true;
  inside.body.replaceChildren(...[...message.body.childNodes].map((node) => inside.importNode(node, true)));
  if (unfolded) inside.querySelector(foldedQuote)?.setAttribute("open", "");

  const fit = () => {
    inside.body.style.zoom = "";
    for (const image of inside.images) keepShape(image);
    const wide = inside.body.scrollWidth;
    const room = frame.clientWidth;
    // A letter made for a desk on a phone: smaller rather than cut off.
    if (wide > room + 4 && room > 0) inside.body.style.zoom = String(Math.max(0.45, room / wide));
    const high = Math.ceil(inside.body.getBoundingClientRect().height);
    frame.style.height = `${Math.min(high + 8, maxFrameHeight)}px`;
  };
  const link = (target: EventTarget | null): HTMLAnchorElement | null =>
    target instanceof (inside.defaultView as Window & typeof globalThis).Element
      ? (target as Element).closest<HTMLAnchorElement>("a[href]")
      : null;
  const click = (event: MouseEvent) => {
    const found = link(event.target);
    if (found === null) return;
    event.preventDefault();
    says.link(found.getAttribute("href") ?? "", found.textContent ?? "");
  };
  const over = (event: Event) => says.over(link(event.target)?.getAttribute("href") ?? undefined);
  const away = () => says.over(undefined);
  const ending = new AbortController();
  const { signal } = ending;
  inside.addEventListener("click", click, { signal });
  inside.addEventListener("auxclick", click, { signal });
  inside.addEventListener("mouseover", over, { signal });
  inside.addEventListener("focusin", over, { signal });
  inside.addEventListener("mouseleave", away, { signal });
  inside.addEventListener("keydown", says.key, { signal });
  inside.addEventListener("toggle", fit, { signal, capture: true });
  // Its height is our answer to what is in it: only another width asks again, or styles that look at the height would never come to rest.
  let fitted = frame.clientWidth;
  const watching = new ResizeObserver(() => {
    if (frame.clientWidth === fitted) return;
    fitted = frame.clientWidth;
    requestAnimationFrame(fit);
  });
  watching.observe(frame);
  for (const image of inside.images) image.addEventListener("load", fit, { signal });
  fit();
  return () => {
    ending.abort();
    watching.disconnect();
  };
}

/** A picture that has less room than it asks for is smaller, not squeezed. */
function keepShape(image: HTMLImageElement): void {
  const [width, height] = [image.getAttribute("width"), image.getAttribute("height")].map(Number);
  if (!width || !height || image.style.height !== "" || image.clientWidth >= width) return;
  image.style.aspectRatio = `${width} / ${height}`;
  image.style.height = "auto";
}

/** A page of its own is no message. */
const maxFrameHeight = 60_000;
