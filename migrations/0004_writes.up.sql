-- The ledger: one row per write, inserted in the transaction that applies it. It makes a redelivered job harmless,
-- tells a client its true answer when the reply was lost, and is the provisioning log admins read.
-- Partitioned by write id: a UUIDv7 begins with its time, so a range of ids is a range of time, and both the
-- look-up by id and the dropping of old partitions need no second key.
CREATE TABLE writes (
  tenant_id      uuid NOT NULL,
  write_id       uuid NOT NULL,
  connection_id  uuid NOT NULL,
  cycle_id       uuid,
  -- The api process that took the request; with api_processes it tells whether the client has its answer.
  api_id         uuid,
  -- Hash of tenant, method, target and body: an identical request has the same key.
  request_key    uuid,
  correlation_id text NOT NULL,
  operation      text NOT NULL CHECK (operation IN ('create', 'replace', 'patch', 'delete')),
  resource_type  text NOT NULL CHECK (resource_type IN ('User', 'Group')),
  resource_id    uuid,
  result         text NOT NULL CHECK (result IN ('applied', 'unchanged', 'refused', 'fault')),
  status         smallint NOT NULL,
  scim_type      text,
  code           text,
  detail         text,
  -- The version the resource has after the write.
  version        bigint,
  -- Attribute paths that changed.
  changed        text[] NOT NULL DEFAULT '{}',
  -- The request as it was refused, so that an admin can understand it; absent where the write was applied.
  request        jsonb,
  attempts       integer NOT NULL DEFAULT 1,
  requested_at   timestamptz NOT NULL,
  ended_at       timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (tenant_id, write_id)
) PARTITION BY RANGE (write_id);
CREATE TABLE writes_default PARTITION OF writes DEFAULT;
CREATE INDEX writes_request_key ON writes (tenant_id, request_key);
CREATE INDEX writes_failed ON writes (tenant_id, write_id DESC) WHERE result IN ('refused', 'fault');
CREATE INDEX writes_resource ON writes (tenant_id, resource_id, write_id DESC);

-- Requests that ended without their write's outcome (503 after the budget, or the client hung up). An identical
-- request takes up this write instead of beginning another.
CREATE TABLE unanswered_writes (
  tenant_id   uuid NOT NULL,
  request_key uuid NOT NULL,
  write_id    uuid NOT NULL,
  created_at  timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (tenant_id, request_key)
);

-- The last word of each api process: every write it took with an id up to `answered_through` was answered, or
-- stands in unanswered_writes. What came after, before the process was killed, is in doubt.
CREATE TABLE api_processes (
  id               uuid PRIMARY KEY,
  answered_through uuid NOT NULL,
  seen_at          timestamptz NOT NULL DEFAULT now()
);
