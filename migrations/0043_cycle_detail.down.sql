DROP TABLE cycle_spans;
DROP TABLE cycle_timings;
ALTER TABLE cycles DROP COLUMN writes, DROP COLUMN request_kinds;
DROP FUNCTION sum_counts(jsonb, jsonb);
