-- Where a tenant's events are sent, and what came of it. Postgres holds the truth: which event goes where, when it is
-- tried next. The queue only hands a due delivery to some worker, and may be wiped at any moment.
CREATE TABLE webhook_endpoints (
  tenant_id        uuid NOT NULL REFERENCES tenants (id),
  id               uuid NOT NULL,
  url              text NOT NULL,
  -- Types that are sent; null sends all.
  types            text[],
  payload_version  smallint NOT NULL,
  -- Sealed under a key derived from ROLLCALL_SECRET: unlike a token it must be used, so a hash does not do.
  secret           bytea NOT NULL,
  old_secret       bytea,
  old_secret_until timestamptz,
  created_at       timestamptz NOT NULL DEFAULT now(),
  -- Events up to this position have their delivery, or were not wanted.
  relayed_through  bigint NOT NULL,
  paused_at        timestamptz,
  pause_reason     text CHECK (pause_reason IN ('by_hand', 'failing', 'gone')),
  -- Failed attempts since the last good one, and the time before which none is made.
  failures         integer NOT NULL DEFAULT 0,
  failing_since    timestamptz,
  retry_at         timestamptz,
  PRIMARY KEY (tenant_id, id),
  CHECK ((paused_at IS NULL) = (pause_reason IS NULL))
);

CREATE TABLE webhook_deliveries (
  tenant_id       uuid NOT NULL,
  endpoint_id     uuid NOT NULL,
  position        bigint NOT NULL,
  id              uuid NOT NULL,
  event_id        uuid NOT NULL,
  type            text NOT NULL,
  -- What the event is about: deliveries of one resource are made one after the other.
  resource_id     uuid NOT NULL,
  state           text NOT NULL DEFAULT 'pending' CHECK (state IN ('pending', 'delivered', 'failed')),
  attempts        integer NOT NULL DEFAULT 0,
  next_attempt_at timestamptz NOT NULL DEFAULT now(),
  -- A job has it until then; after that the job is taken for lost.
  queued_until    timestamptz,
  created_at      timestamptz NOT NULL DEFAULT now(),
  ended_at        timestamptz,
  -- Of the last attempt.
  status          smallint,
  error           text,
  duration_ms     integer,
  -- The beginning of what a refusing receiver said.
  response        text,
  PRIMARY KEY (tenant_id, endpoint_id, position, id),
  FOREIGN KEY (tenant_id, endpoint_id) REFERENCES webhook_endpoints (tenant_id, id) ON DELETE CASCADE
);
CREATE INDEX webhook_deliveries_pending ON webhook_deliveries (tenant_id, endpoint_id, resource_id, position, id)
  WHERE state = 'pending';
