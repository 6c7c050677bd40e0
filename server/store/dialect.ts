/** The few words in which SQLite and PostgreSQL differ. Statements carry them in braces: `{bytes}`, `{for_update}`, `{ranges $3}`. */
export type Dialect = { readonly [word: string]: string };

/**
 * `{id}`: a primary key that counts by itself and never repeats; `{counter}`: the same where the newest row is never deleted;
 * `{key}`: a primary key that is given. `{bytes}`: a column of bytes. `{text}`: a text that is ordered by its bytes. `{without_rowid}`: the table
 * is its primary key. `{for_update}`/`{for_share}`/`{skip_locked}`: lock what is read (SQLite has one writer and needs none).
 * `{ranges $n}`: the JSON text [[low,high],…] as a table (lo, hi). `{list $n}`: the JSON text [n,…] as a table (value) of integers.
 * `{texts $n}`: the JSON text ["…",…] as a table (value) of texts. `{cross}`: a join that SQLite must not reorder.
 * `{instr}(text, part)`: where the part begins, from 1; 0 where it is not there. `{by_email}`, `{by_thread}`, `{by_shared}`, `{by_keywords}`,
 * `{by_flagged}`: the index of `messages` to use; SQLite, which knows nothing of how many messages an account has, takes another by itself.
 */
export const sqliteDialect: Dialect = {
  id: "INTEGER PRIMARY KEY AUTOINCREMENT",
  counter: "INTEGER PRIMARY KEY",
  key: "INTEGER PRIMARY KEY",
  bytes: "BLOB",
  text: "TEXT",
  without_rowid: "WITHOUT ROWID",
  for_update: "",
  for_share: "",
  skip_locked: "",
  ranges: "(SELECT value->>0 AS lo, value->>1 AS hi FROM json_each($))",
  list: "(SELECT value FROM json_each($))",
  texts: "(SELECT value FROM json_each($))",
  cross: "CROSS JOIN",
  instr: "instr",
  by_email: "INDEXED BY messages_email",
  by_thread: "INDEXED BY messages_thread",
  by_shared: "INDEXED BY messages_shared",
  by_keywords: "INDEXED BY messages_keywords",
  by_flagged: "INDEXED BY messages_flagged",
};

export const postgresDialect: Dialect = {
  id: "BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY",
  counter: "BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY",
  key: "BIGINT NOT NULL PRIMARY KEY",
  bytes: "BYTEA",
  text: 'TEXT COLLATE "C"',
  without_rowid: "",
  for_update: "FOR UPDATE",
  for_share: "FOR SHARE",
  skip_locked: "FOR UPDATE SKIP LOCKED",
  ranges:
    "(SELECT CAST(value->>0 AS BIGINT) AS lo, CAST(value->>1 AS BIGINT) AS hi FROM json_array_elements(CAST($ AS JSON)))",
  list: "(SELECT CAST(value AS BIGINT) AS value FROM json_array_elements_text(CAST($ AS JSON)))",
  texts: "(SELECT value FROM json_array_elements_text(CAST($ AS JSON)))",
  cross: "CROSS JOIN",
  instr: "strpos",
  by_email: "",
  by_thread: "",
  by_shared: "",
  by_keywords: "",
  by_flagged: "",
};

/** A statement in the words of one database. */
export function inDialect(sql: string, dialect: Dialect): string {
  return sql.replace(/\{(\w+)(?: (\$\d+))?\}/g, (_, word: string, param: string | undefined) => {
    const text = dialect[word];
    if (text === undefined) throw new Error(`No word {${word}} in the dialect: ${sql}`);
    return param === undefined ? text : text.replace("$", () => param);
  });
}
