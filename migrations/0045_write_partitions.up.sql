-- no-transaction
-- The ledger by weeks, so that old weeks can be dropped instead of deleted. What it holds becomes one partition as it is,
-- up to a Monday that is at least a day ahead; no row is copied, and the check that takes long holds nobody up. Workers
-- make the weeks after it.
CREATE OR REPLACE FUNCTION first_id_at(at timestamptz) RETURNS uuid LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT (lpad(to_hex((extract(epoch FROM at) * 1000)::bigint), 12, '0') || '00000000000000000000')::uuid
$$;

DO $$
BEGIN
  IF to_regclass('writes_old') IS NULL
     AND NOT EXISTS (SELECT FROM pg_constraint WHERE conname = 'writes_are_old') THEN
    EXECUTE format('ALTER TABLE writes_default ADD CONSTRAINT writes_are_old CHECK (write_id < %L) NOT VALID',
                   first_id_at(date_trunc('week', now() + interval '1 day', 'UTC') + interval '1 week'));
  END IF;
END $$;

DO $$
BEGIN
  IF to_regclass('writes_old') IS NULL THEN
    ALTER TABLE writes_default VALIDATE CONSTRAINT writes_are_old;
  END IF;
END $$;

DO $$
DECLARE
  bound text;
BEGIN
  IF to_regclass('writes_old') IS NULL THEN
    SELECT substring(pg_get_constraintdef(oid) FROM '[0-9a-f-]{36}') INTO bound
      FROM pg_constraint WHERE conname = 'writes_are_old';
    ALTER TABLE writes DETACH PARTITION writes_default;
    ALTER TABLE writes_default RENAME TO writes_old;
    EXECUTE format('ALTER TABLE writes ATTACH PARTITION writes_old FOR VALUES FROM (MINVALUE) TO (%L)', bound);
    ALTER TABLE writes_old DROP CONSTRAINT writes_are_old;
    CREATE TABLE writes_default (LIKE writes INCLUDING ALL);
    ALTER TABLE writes ATTACH PARTITION writes_default DEFAULT;
  END IF;
END $$;
