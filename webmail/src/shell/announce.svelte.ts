/** What is read aloud and shown elsewhere, or not at all: mail that came, what was found, what was taken back (WCAG 4.1.3). */
let said = $state("");

export const announced = {
  get text(): string {
    return said;
  },
};

/** So long the place is empty before it speaks: the same sentence twice is read twice. */
const betweenMs = 60;
let timer: ReturnType<typeof setTimeout> | undefined;

export function announce(sentence: string): void {
  said = "";
  clearTimeout(timer);
  timer = setTimeout(() => {
    said = sentence;
  }, betweenMs);
}
