/** Settings: JSON by key. */
import { isFinding } from "../domain-settings.ts";
import { directoryChanged } from "./directory-changes.ts";
import { all, type Op, one, run } from "./tx.ts";

export function* setting(key: string): Op<unknown | undefined> {
  const row = yield* one<{ value: string }>("SELECT value FROM settings WHERE key = $1", key);
  return row === undefined ? undefined : JSON.parse(row.value);
}

export function* settings(prefix: string): Op<readonly { readonly key: string; readonly value: unknown }[]> {
  const found = yield* all<{ key: string; value: string }>(
    "SELECT key, value FROM settings WHERE substr(key, 1, length($1)) = $1 ORDER BY key",
    prefix,
  );
  return found.map((row) => ({ key: row.key, value: JSON.parse(row.value) as unknown }));
}

/** Puts `after` where `before` still stands (undefined: nothing); false where something else does by now. */
export function* swapSetting(key: string, before: unknown, after: unknown): Op<boolean> {
  const [was, text] = [JSON.stringify(before), JSON.stringify(after)] as const;
  const changed =
    was === undefined
      ? yield* run("INSERT INTO settings (key, value) VALUES ($1, $2) ON CONFLICT (key) DO NOTHING", key, text)
      : text === undefined
        ? yield* run("DELETE FROM settings WHERE key = $1 AND value = $2", key, was)
        : yield* run("UPDATE settings SET value = $3 WHERE key = $1 AND value = $2", key, was, text);
  if (changed > 0) yield* directoryChanged();
  return changed > 0;
}

export function* putSetting(key: string, value: unknown): Op<void> {
  if (value === undefined) yield* run("DELETE FROM settings WHERE key = $1", key);
  else
    yield* run(
      "INSERT INTO settings (key, value) VALUES ($1, $2) ON CONFLICT (key) DO UPDATE SET value = excluded.value",
      key,
      JSON.stringify(value),
    );
  if (!isFinding(key)) yield* directoryChanged();
}
