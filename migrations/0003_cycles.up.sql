-- One row per synchronisation cycle of a connection. The protocol has no cycle id: a request opens a cycle where
-- none is open, and a quiet time ends it. Counts of writes are added in the writes' own transactions.
CREATE TABLE cycles (
  tenant_id           uuid NOT NULL,
  id                  uuid NOT NULL,
  connection_id       uuid NOT NULL,
  kind                text CHECK (kind IN ('initial', 'incremental', 'on_demand', 'test')),
  started_at          timestamptz NOT NULL,
  last_request_at     timestamptz NOT NULL,
  ended_at            timestamptz,
  requests            bigint NOT NULL DEFAULT 0,
  reads               bigint NOT NULL DEFAULT 0,
  users_created       bigint NOT NULL DEFAULT 0,
  users_updated       bigint NOT NULL DEFAULT 0,
  users_deactivated   bigint NOT NULL DEFAULT 0,
  users_reactivated   bigint NOT NULL DEFAULT 0,
  users_deleted       bigint NOT NULL DEFAULT 0,
  groups_created      bigint NOT NULL DEFAULT 0,
  groups_updated      bigint NOT NULL DEFAULT 0,
  groups_deleted      bigint NOT NULL DEFAULT 0,
  members_added       bigint NOT NULL DEFAULT 0,
  members_removed     bigint NOT NULL DEFAULT 0,
  unchanged           bigint NOT NULL DEFAULT 0,
  refused             bigint NOT NULL DEFAULT 0,
  faulted             bigint NOT NULL DEFAULT 0,
  retried             bigint NOT NULL DEFAULT 0,
  PRIMARY KEY (tenant_id, id),
  FOREIGN KEY (tenant_id, connection_id) REFERENCES connections (tenant_id, id),
  CHECK (ended_at IS NULL OR kind IS NOT NULL)
);
CREATE UNIQUE INDEX cycles_open ON cycles (tenant_id, connection_id) WHERE ended_at IS NULL;
CREATE INDEX cycles_recent ON cycles (tenant_id, connection_id, started_at DESC, id);
