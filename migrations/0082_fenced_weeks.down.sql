CREATE OR REPLACE FUNCTION make_week(parent text, week text, first_id uuid, end_id uuid) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  IF parent NOT IN ('writes', 'member_changes') OR week !~ ('^' || parent || '_[0-9]{8}$') THEN
    RAISE EXCEPTION '% is no week of %', week, parent;
  END IF;
  EXECUTE format('CREATE TABLE public.%I (LIKE public.%I INCLUDING ALL)', week, parent);
  EXECUTE format('ALTER TABLE public.%I ATTACH PARTITION public.%I FOR VALUES FROM (%L) TO (%L)',
                 parent, week, first_id, end_id);
END $$;
