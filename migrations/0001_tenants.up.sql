-- Who is provisioned: a tenant (a customer of the product), its connections (one per identity provider),
-- and the bearer tokens of a connection, of which only a keyed hash is kept.
CREATE TABLE tenants (
  id         uuid PRIMARY KEY,
  slug       text NOT NULL UNIQUE CHECK (slug ~ '^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$'),
  name       text NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE connections (
  tenant_id       uuid NOT NULL REFERENCES tenants (id),
  id              uuid NOT NULL,
  name            text NOT NULL,
  created_at      timestamptz NOT NULL DEFAULT now(),
  disconnected_at timestamptz,
  PRIMARY KEY (tenant_id, id)
);

CREATE TABLE tokens (
  tenant_id     uuid NOT NULL,
  id            uuid NOT NULL,
  connection_id uuid NOT NULL,
  -- HMAC-SHA-256 of the token under the installation's secret; a look-up by hash tells nothing by its timing.
  token_hash    bytea NOT NULL UNIQUE,
  -- The first characters, so that an admin can tell two tokens apart.
  hint          text NOT NULL,
  created_at    timestamptz NOT NULL DEFAULT now(),
  expires_at    timestamptz NOT NULL,
  revoked_at    timestamptz,
  last_used_at  timestamptz,
  PRIMARY KEY (tenant_id, id),
  FOREIGN KEY (tenant_id, connection_id) REFERENCES connections (tenant_id, id)
);
CREATE INDEX tokens_connection ON tokens (tenant_id, connection_id);

-- Facts of this installation that every process must agree on, such as the fingerprint of its secret.
CREATE TABLE installation (
  key   text PRIMARY KEY,
  value text NOT NULL
);
