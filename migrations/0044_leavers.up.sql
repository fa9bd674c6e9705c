-- no-transaction
-- Who lost access in a cycle, by name. Built beside the writes that go on; each statement stands alone.
DROP INDEX CONCURRENTLY IF EXISTS writes_default_leavers;

CREATE INDEX CONCURRENTLY writes_default_leavers ON writes_default (tenant_id, cycle_id, write_id)
  WHERE resource_type = 'User' AND result = 'applied' AND changes IS NOT NULL
    AND (operation = 'delete' OR changes @> '{"active": {"to": false}}');

CREATE INDEX writes_leavers ON ONLY writes (tenant_id, cycle_id, write_id)
  WHERE resource_type = 'User' AND result = 'applied' AND changes IS NOT NULL
    AND (operation = 'delete' OR changes @> '{"active": {"to": false}}');

ALTER INDEX writes_leavers ATTACH PARTITION writes_default_leavers;
