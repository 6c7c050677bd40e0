/** The keyboard stays somewhere: what had it may be gone with the letter, the list or the drawer that was closed. */

let touched = false;
document.addEventListener("pointerdown", ({ pointerType }) => {
  touched = pointerType === "touch";
});
document.addEventListener("keydown", () => {
  touched = false;
});

/** The first of these that can be seen gets it; at a desk the list is beside the conversation, and is where one comes from. */
const places = [".list .scroller", ".reading .read h1", "main"];

export function focusContent(): void {
  places
    .map((place) => document.querySelector<HTMLElement>(place))
    .find((one) => one?.checkVisibility())
    ?.focus({ preventScroll: true });
}

/** Does nothing while something visible has the focus, and nothing for a finger: no mark is to follow that. */
export function keepFocus(): void {
  const { activeElement } = document;
  if (touched || (activeElement !== document.body && activeElement?.checkVisibility({ visibilityProperty: true })))
    return;
  focusContent();
}
