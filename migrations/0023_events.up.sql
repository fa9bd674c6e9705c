-- What changed, in the order in which it was committed: one row per change, inserted in the change's own transaction.
-- Positions count up from 1 per tenant without a gap, because a batch takes its positions from the tenant's row in
-- event_heads as the last thing before it commits, and holds that row until then.
-- A row holds ids and names of attributes, no value of them: the resource itself is looked up when an event is read.
CREATE TABLE event_heads (
  tenant_id      uuid PRIMARY KEY REFERENCES tenants (id),
  -- The newest position that was given out.
  head           bigint NOT NULL,
  -- Events up to this one were removed, since they were older than is kept.
  pruned_through bigint NOT NULL DEFAULT 0
) WITH (fillfactor = 20);

CREATE TABLE events (
  tenant_id     uuid NOT NULL,
  position      bigint NOT NULL,
  id            uuid NOT NULL,
  type          text NOT NULL,
  resource_type text NOT NULL,
  resource_id   uuid NOT NULL,
  -- The version the resource has after the change; null where it has none, such as after its deletion.
  version       bigint,
  -- Names of the attributes that changed.
  changed       text[] NOT NULL DEFAULT '{}',
  -- What cannot be looked up later: members that came and went, the externalId of what is gone.
  details       jsonb,
  -- The write that made the change; null where none did.
  write_id      uuid,
  occurred_at   timestamptz NOT NULL,
  PRIMARY KEY (tenant_id, position)
);
