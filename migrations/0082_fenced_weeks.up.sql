-- A week of the ledger that is made behind the fence of row-level security is behind it as well: whoever the fence binds
-- reaches its rows through the table that it is a week of, whose policy says which, and not by its own name.
CREATE OR REPLACE FUNCTION make_week(parent text, week text, first_id uuid, end_id uuid) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  IF parent NOT IN ('writes', 'member_changes') OR week !~ ('^' || parent || '_[0-9]{8}$') THEN
    RAISE EXCEPTION '% is no week of %', week, parent;
  END IF;
  EXECUTE format('CREATE TABLE public.%I (LIKE public.%I INCLUDING ALL)', week, parent);
  IF (SELECT relrowsecurity FROM pg_class WHERE oid = to_regclass(format('public.%I', parent))) THEN
    EXECUTE format('ALTER TABLE public.%I ENABLE ROW LEVEL SECURITY', week);
  END IF;
  EXECUTE format('ALTER TABLE public.%I ATTACH PARTITION public.%I FOR VALUES FROM (%L) TO (%L)',
                 parent, week, first_id, end_id);
END $$;
