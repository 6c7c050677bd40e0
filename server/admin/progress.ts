import type { Progress } from "./command.ts";

/** Tells "what: done of total" whenever another hundredth is done. */
export function counted(tell: Progress, what: string): (done: number, total: number) => void {
  let told = -1;
  return (done, total) => {
    const hundredths = total === 0 ? 100 : Math.floor((100 * done) / total);
    if (hundredths === told) return;
    told = hundredths;
    tell(`${what}: ${done} of ${total}`);
  };
}
