-- Weeks of the ledger are made and dropped by workers, whose role may change rows and no tables: these two functions do
-- it with the rights of who owns the tables, and nothing else. bin/rollcall grant says who may call them.
CREATE FUNCTION make_week(parent text, week text, first_id uuid, end_id uuid) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  IF parent NOT IN ('writes', 'member_changes') OR week !~ ('^' || parent || '_[0-9]{8}$') THEN
    RAISE EXCEPTION '% is no week of %', week, parent;
  END IF;
  EXECUTE format('CREATE TABLE public.%I (LIKE public.%I INCLUDING ALL)', week, parent);
  EXECUTE format('ALTER TABLE public.%I ATTACH PARTITION public.%I FOR VALUES FROM (%L) TO (%L)',
                 parent, week, first_id, end_id);
END $$;

CREATE FUNCTION drop_week(parent text, week text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  IF parent NOT IN ('writes', 'member_changes') OR week = parent || '_default' THEN
    RAISE EXCEPTION '% is no week of %', week, parent;
  END IF;
  -- Another worker may have dropped it; whatever else has that name stays.
  IF EXISTS (SELECT FROM pg_inherits
              WHERE inhparent = to_regclass(format('public.%I', parent))
                AND inhrelid = to_regclass(format('public.%I', week))) THEN
    EXECUTE format('DROP TABLE public.%I', week);
  END IF;
END $$;

REVOKE EXECUTE ON FUNCTION make_week(text, text, uuid, uuid), drop_week(text, text) FROM PUBLIC;
