-- A request that is repeated while no worker runs goes unanswered more than once, and each of its writes may still be
-- on the queue: each has a note of its own, and whoever takes up one takes up all.
ALTER TABLE unanswered_writes
  DROP CONSTRAINT unanswered_writes_pkey,
  ADD PRIMARY KEY (tenant_id, request_key, write_id);
