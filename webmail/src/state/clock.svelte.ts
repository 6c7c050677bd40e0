/** The time, to the minute: what is said of it changes by itself. */
let now = $state(Date.now());
setInterval(() => {
  now = Date.now();
}, 60_000);

export const clock = {
  get now(): number {
    return now;
  },
};
