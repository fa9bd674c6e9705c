-- Requests that the door turned away before anybody was known, gathered: one row per connection and reason, so that
-- whoever knocks however often fills nothing. Without a tenant where nobody knows whose door was meant. What was sent is
-- not kept: no token, no query.
CREATE TABLE knocks (
  tenant_id     uuid REFERENCES tenants (id),
  connection_id uuid,
  reason        text NOT NULL,
  times         bigint NOT NULL,
  first_at      timestamptz NOT NULL DEFAULT now(),
  last_at       timestamptz NOT NULL DEFAULT now(),
  -- Of the last one: the beginning of a token of ours that it brought or resembled, and what it asked for.
  token_hint    text,
  method        text NOT NULL,
  path          text NOT NULL,
  user_agent    text,
  FOREIGN KEY (tenant_id, connection_id) REFERENCES connections (tenant_id, id) ON DELETE CASCADE
);
CREATE UNIQUE INDEX knocks_each ON knocks (
  coalesce(tenant_id, '00000000-0000-0000-0000-000000000000'),
  coalesce(connection_id, '00000000-0000-0000-0000-000000000000'),
  reason
);

-- A token that was replaced and works on for a while.
ALTER TABLE tokens ADD COLUMN replaced_at timestamptz;
