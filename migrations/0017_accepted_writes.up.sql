-- Writes that were answered 202 (RFC 9967) and have not ended: what they are to do, so that the queue may be lost.
-- A row goes in the transaction that ends its write. `sequence` is the order in which a resource's writes are applied.
CREATE TABLE accepted_writes (
  tenant_id     uuid NOT NULL,
  write_id      uuid NOT NULL,
  sequence      bigint GENERATED ALWAYS AS IDENTITY,
  resource_type text NOT NULL CHECK (resource_type IN ('User', 'Group')),
  resource_id   uuid NOT NULL,
  -- The command as the queue carries it, never a password; json and not jsonb, for it is only handed on.
  command       json NOT NULL,
  accepted_at   timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (tenant_id, write_id)
);
CREATE INDEX accepted_writes_resource ON accepted_writes (tenant_id, resource_id, sequence);
CREATE INDEX accepted_writes_sequence ON accepted_writes (tenant_id, sequence);

-- Which writes may be asked for by their transaction, by whom and until when; how they ended stands in the ledger.
CREATE TABLE async_requests (
  tenant_id     uuid NOT NULL,
  txn           uuid NOT NULL,
  connection_id uuid NOT NULL,
  accepted_at   timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (tenant_id, txn)
);
CREATE INDEX async_requests_accepted_at ON async_requests (accepted_at);
