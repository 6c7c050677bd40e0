// How long tests may take: by far longer than any does on a slow machine. The environment changes them for the test of all this.
import { env } from "node:process";

/** A test that says nothing else. */
export const testMs = Number(env.ANGARIUM_TESTS_TIMEOUT_MS ?? 15 * 60_000);
/** A file in which no test begins: it waits for something while it loads, or its hooks do. Longer than any test. */
export const idleMs = 2 * testMs;
/** A file without a turn of its event loop. */
export const blockedMs = Number(env.ANGARIUM_TESTS_BLOCKED_MS ?? 10 * 60_000);
/** A file to its end when its last test is over. */
export const graceMs = Number(env.ANGARIUM_TESTS_GRACE_MS ?? 60_000);
