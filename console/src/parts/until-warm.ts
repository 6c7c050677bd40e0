/** ", about 3 days until it is warm", after a step; "" where nobody can tell. */
export function untilWarm({
  daysLeft,
  state,
}: {
  readonly daysLeft: readonly number[] | null;
  readonly state: string;
}): string {
  const [from, until = from] = daysLeft ?? [];
  if (from === undefined || until === undefined || state === "warm") return "";
  return from === until
    ? `, about ${from} ${from === 1 ? "day" : "days"} until it is warm`
    : `, ${from} to ${until} days until it is warm`;
}
