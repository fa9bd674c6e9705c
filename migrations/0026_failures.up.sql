-- What became of writes that failed: the work of the people who mend them. One row per refused or failed write, made
-- in the transaction that records it; the ledger keeps what was asked and answered, this table what was done about it.
CREATE TABLE failures (
  tenant_id      uuid NOT NULL REFERENCES tenants (id),
  write_id       uuid NOT NULL,
  connection_id  uuid NOT NULL,
  cycle_id       uuid,
  operation      text NOT NULL,
  resource_type  text NOT NULL,
  resource_id    uuid,
  result         text NOT NULL CHECK (result IN ('refused', 'fault')),
  status         smallint NOT NULL,
  scim_type      text,
  code           text NOT NULL,
  -- The detail without values, for those who may not see them.
  masked         text,
  -- Hashes of the externalId and of the name that the request brought: a later write of the same person mends it.
  by_external    uuid,
  by_name        uuid,
  -- What the request asked to change, lower case: a later write that changes as much mends it.
  touches        text[] NOT NULL DEFAULT '{}',
  -- True where the ledger holds the write in the form in which the queue takes it.
  is_repeatable  boolean NOT NULL DEFAULT false,
  state          text NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'retried', 'dismissed', 'resolved')),
  reason         text,
  note           text,
  noted_by       text,
  retried_as     uuid,
  resolved_by    uuid,
  resolved_cycle uuid,
  changed_at     timestamptz,
  changed_by     text,
  failed_at      timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (tenant_id, write_id)
);
CREATE INDEX failures_cause ON failures (tenant_id, state, code, resource_type, operation, write_id DESC);
CREATE INDEX failures_state ON failures (tenant_id, state, write_id DESC);
CREATE INDEX failures_cycle ON failures (tenant_id, cycle_id, write_id DESC);
CREATE INDEX failures_retried ON failures (tenant_id, retried_as) WHERE retried_as IS NOT NULL;
CREATE INDEX failures_live_resource ON failures (tenant_id, resource_id) WHERE state IN ('open', 'retried');
CREATE INDEX failures_live_external ON failures (tenant_id, by_external) WHERE state IN ('open', 'retried');
CREATE INDEX failures_live_name ON failures (tenant_id, by_name) WHERE state IN ('open', 'retried');

INSERT INTO failures (tenant_id, write_id, connection_id, cycle_id, operation, resource_type, resource_id, result, status,
                      scim_type, code, failed_at)
SELECT tenant_id, write_id, connection_id, cycle_id, operation, resource_type, resource_id, result, status,
       scim_type, coalesce(code, 'internal'), ended_at
  FROM writes
 WHERE result IN ('refused', 'fault');

-- The audit of one failure is shown beside it.
CREATE INDEX audit_subject ON audit (tenant_id, subject, id DESC);
