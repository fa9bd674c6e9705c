-- Who is told of a connection's cycles that ended with failures, and what came of telling them.
CREATE TABLE failure_digests (
  tenant_id     uuid NOT NULL,
  connection_id uuid NOT NULL,
  -- Where the digest is posted, and the sealed secret that signs it.
  url           text,
  secret        bytea,
  emails        text[] NOT NULL DEFAULT '{}',
  PRIMARY KEY (tenant_id, connection_id),
  FOREIGN KEY (tenant_id, connection_id) REFERENCES connections (tenant_id, id) ON DELETE CASCADE,
  CHECK ((url IS NULL) = (secret IS NULL)),
  CHECK (url IS NOT NULL OR cardinality(emails) > 0)
);

-- One row per cycle and channel, made in the transaction that ends the cycle: the key is what makes it one.
CREATE TABLE digest_deliveries (
  tenant_id       uuid NOT NULL,
  cycle_id        uuid NOT NULL,
  channel         text NOT NULL CHECK (channel IN ('webhook', 'email')),
  connection_id   uuid NOT NULL,
  -- The message's, the same in every attempt.
  id              uuid NOT NULL,
  state           text NOT NULL DEFAULT 'pending' CHECK (state IN ('pending', 'delivered', 'failed')),
  attempts        integer NOT NULL DEFAULT 0,
  next_attempt_at timestamptz NOT NULL DEFAULT now(),
  -- A job has it until then; after that the job is taken for lost.
  queued_until    timestamptz,
  created_at      timestamptz NOT NULL DEFAULT now(),
  ended_at        timestamptz,
  -- Of the last attempt.
  error           text,
  PRIMARY KEY (tenant_id, cycle_id, channel),
  FOREIGN KEY (tenant_id, cycle_id) REFERENCES cycles (tenant_id, id) ON DELETE CASCADE,
  FOREIGN KEY (tenant_id, connection_id) REFERENCES connections (tenant_id, id) ON DELETE CASCADE
);
CREATE INDEX digest_deliveries_due ON digest_deliveries (next_attempt_at) WHERE state = 'pending';
CREATE INDEX digest_deliveries_connection ON digest_deliveries (tenant_id, connection_id, created_at DESC);
