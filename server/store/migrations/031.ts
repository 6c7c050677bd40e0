/** Of what waits in the queue it is kept whether opens or clicks of it are counted: a rate is of those alone. */
export const statements: readonly string[] = [
  "ALTER TABLE queue_messages ADD COLUMN counted BIGINT NOT NULL DEFAULT 0",
];
