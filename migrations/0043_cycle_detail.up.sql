-- What a cycle is told apart by, and how long its writes took. Counts by name are jsonb, since most of the many names
-- there are never come about.

-- Two counts by name become one: {"a": 1} and {"a": 2, "b": 1} make {"a": 3, "b": 1}.
CREATE FUNCTION sum_counts(one jsonb, other jsonb) RETURNS jsonb LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
  SELECT CASE WHEN other = '{}' THEN one
              ELSE (SELECT coalesce(jsonb_object_agg(key, total), '{}')
                      FROM (SELECT key, sum(value::bigint) AS total
                              FROM (SELECT key, value FROM jsonb_each_text(one)
                                    UNION ALL
                                    SELECT key, value FROM jsonb_each_text(other)) counts
                             GROUP BY key) sums)
         END
$$;

ALTER TABLE cycles
  -- Such as {"User.list": 12, "User.patch": 3}.
  ADD COLUMN request_kinds jsonb NOT NULL DEFAULT '{}',
  -- Such as {"User.patch.applied": 3}; counted with the other counts, in the transactions of the writes.
  ADD COLUMN writes jsonb NOT NULL DEFAULT '{}';

-- How long writes took, measured by the workers and flushed about once a second: apart from the cycle's counts, so that
-- no batch waits for it. Times are counts by the number of a bucket: src/platform/sketch.ts.
CREATE TABLE cycle_timings (
  tenant_id      uuid NOT NULL,
  cycle_id       uuid NOT NULL,
  -- From the request to a worker's transaction, and from there to the commit.
  waits          jsonb NOT NULL DEFAULT '{}',
  commits        jsonb NOT NULL DEFAULT '{}',
  wait_max_ms    double precision NOT NULL DEFAULT 0,
  commit_max_ms  double precision NOT NULL DEFAULT 0,
  -- The write that took longest from its request to its commit.
  slowest_ms     double precision NOT NULL DEFAULT 0,
  slowest_write  uuid,
  -- Stands in the log, and outlives the ledger's row.
  slowest_correlation_id text,
  PRIMARY KEY (tenant_id, cycle_id),
  FOREIGN KEY (tenant_id, cycle_id) REFERENCES cycles (tenant_id, id) ON DELETE CASCADE
);

-- When a cycle's writes ended, by spans of five seconds.
CREATE TABLE cycle_spans (
  tenant_id uuid NOT NULL,
  cycle_id  uuid NOT NULL,
  starts_at timestamptz NOT NULL,
  applied   bigint NOT NULL,
  unchanged bigint NOT NULL,
  refused   bigint NOT NULL,
  faulted   bigint NOT NULL,
  PRIMARY KEY (tenant_id, cycle_id, starts_at),
  FOREIGN KEY (tenant_id, cycle_id) REFERENCES cycles (tenant_id, id) ON DELETE CASCADE
);
