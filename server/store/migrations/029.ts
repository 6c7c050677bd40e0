/** Where events lie is kept for each span of the journey's rows, not for each row (`../ops/event-rows.ts`). */
const tenant = `substr(events, 3, {instr}(substr(events, 3), '"') - 1)`;

export const statements: readonly string[] = [
  "CREATE TABLE event_spans (tenant {text} NOT NULL, span BIGINT NOT NULL, PRIMARY KEY (tenant, span)) {without_rowid}",
  "CREATE INDEX event_spans_old ON event_spans (span)",
  "INSERT INTO event_spans (tenant, span) SELECT DISTINCT '', id / 128 FROM journey WHERE events IS NOT NULL",
  `INSERT INTO event_spans (tenant, span) SELECT DISTINCT ${tenant}, id / 128 FROM journey
   WHERE events IS NOT NULL AND events NOT LIKE '[""%'`,
];
