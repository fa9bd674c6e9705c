-- no-transaction
-- What the ledger is, the history of memberships becomes too: partitions by weeks, the first of them the table as it was.
DO $$
BEGIN
  IF to_regclass('member_changes_old') IS NULL
     AND NOT EXISTS (SELECT FROM pg_constraint WHERE conname = 'member_changes_are_old') THEN
    EXECUTE format('ALTER TABLE member_changes ADD CONSTRAINT member_changes_are_old CHECK (write_id < %L) NOT VALID',
                   first_id_at(date_trunc('week', now() + interval '1 day', 'UTC') + interval '1 week'));
  END IF;
END $$;

DO $$
BEGIN
  IF to_regclass('member_changes_old') IS NULL THEN
    ALTER TABLE member_changes VALIDATE CONSTRAINT member_changes_are_old;
  END IF;
END $$;

DO $$
DECLARE
  bound text;
BEGIN
  IF to_regclass('member_changes_old') IS NULL THEN
    SELECT substring(pg_get_constraintdef(oid) FROM '[0-9a-f-]{36}') INTO bound
      FROM pg_constraint WHERE conname = 'member_changes_are_old';
    ALTER TABLE member_changes RENAME TO member_changes_old;
    ALTER TABLE member_changes_old RENAME CONSTRAINT member_changes_pkey TO member_changes_old_pkey;
    CREATE TABLE member_changes (
      tenant_id uuid NOT NULL,
      member_id uuid NOT NULL,
      write_id  uuid NOT NULL,
      is_added  boolean NOT NULL,
      PRIMARY KEY (tenant_id, member_id, write_id)
    ) PARTITION BY RANGE (write_id);
    EXECUTE format('ALTER TABLE member_changes ATTACH PARTITION member_changes_old FOR VALUES FROM (MINVALUE) TO (%L)',
                   bound);
    ALTER TABLE member_changes_old DROP CONSTRAINT member_changes_are_old;
    CREATE TABLE member_changes_default PARTITION OF member_changes DEFAULT;
  END IF;
END $$;
