/**
 * Hostile letters of our own, made from tables: every kind of attack on a page that shows mail that we know of. `node test/pages/hostile/corpus.ts DIR`
 * writes them as files, for other clients.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Attack, letterOf } from "./attack.ts";
import { documents } from "./documents.ts";
import { fresh } from "./fresh.ts";
import { data, heavy, parts } from "./letters.ts";
import { mutations } from "./mutations.ts";
import { scripts } from "./scripts.ts";
import { styles } from "./styles.ts";

export const corpus: readonly Attack[] = [
  ...scripts,
  ...mutations,
  ...styles,
  ...documents,
  ...fresh,
  ...parts,
  ...data,
  ...heavy,
];

if (process.argv[1] === import.meta.filename) {
  const folder = process.argv[2];
  if (folder === undefined) throw new Error("Name a folder: node test/pages/hostile/corpus.ts DIR");
  mkdirSync(folder, { recursive: true });
  for (const [number, attack] of corpus.entries())
    writeFileSync(join(folder, `${String(number).padStart(3, "0")}.eml`), letterOf(attack, number));
  console.log(`${corpus.length} letters in ${folder}`);
}
