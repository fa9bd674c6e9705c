-- What a client shows at the token endpoint beside a secret: a JWT that it signs with a private key of its own
-- (private_key_jwt). We hold its public keys, or the address where it publishes them.
CREATE TABLE client_keys (
  tenant_id     uuid NOT NULL,
  connection_id uuid NOT NULL,
  -- Of the keys that are taken now: access tokens name it, and end when others are taken.
  id            uuid NOT NULL,
  -- The one algorithm that is taken: a token's header does not choose.
  algorithm     text NOT NULL,
  keys          jsonb,
  keys_url      text,
  created_at    timestamptz NOT NULL DEFAULT now(),
  last_used_at  timestamptz,
  PRIMARY KEY (tenant_id, connection_id),
  FOREIGN KEY (tenant_id, connection_id) REFERENCES connections (tenant_id, id) ON DELETE CASCADE,
  CHECK ((keys IS NULL) <> (keys_url IS NULL))
);
CREATE TRIGGER client_keys_changed AFTER UPDATE OF id OR DELETE ON client_keys
  FOR EACH STATEMENT EXECUTE FUNCTION tell_access_changed();

-- Assertions that were taken once and must not be again, until they would have expired anyway.
CREATE TABLE client_assertions (
  tenant_id     uuid NOT NULL,
  connection_id uuid NOT NULL,
  -- SHA-256 of the assertion's jti, which may be long.
  jti_hash      bytea NOT NULL,
  expires_at    timestamptz NOT NULL,
  PRIMARY KEY (tenant_id, connection_id, jti_hash),
  FOREIGN KEY (tenant_id, connection_id) REFERENCES connections (tenant_id, id) ON DELETE CASCADE
);
CREATE INDEX client_assertions_expires_at ON client_assertions (expires_at);
