-- What the product itself may ask of its tenants. A key is no token of an identity provider: the two are kept apart,
-- and neither opens the other's door.
CREATE TABLE product_keys (
  tenant_id    uuid NOT NULL REFERENCES tenants (id),
  id           uuid NOT NULL,
  name         text NOT NULL,
  -- HMAC-SHA-256 of the key under the installation's secret.
  key_hash     bytea NOT NULL UNIQUE,
  -- The first characters, so that an operator can tell two keys apart.
  hint         text NOT NULL,
  created_at   timestamptz NOT NULL DEFAULT now(),
  expires_at   timestamptz,
  revoked_at   timestamptz,
  last_used_at timestamptz,
  PRIMARY KEY (tenant_id, id)
);

-- How the tenant's product asks who may log in; a tenant without a row has the defaults.
CREATE TABLE login_gates (
  tenant_id        uuid PRIMARY KEY REFERENCES tenants (id),
  -- automatic: enforced once the identity provider has provisioned somebody. held: not enforced until enforce_at.
  enforcement      text NOT NULL DEFAULT 'automatic' CHECK (enforcement IN ('automatic', 'held', 'enforced')),
  enforce_at       timestamptz,
  -- What is answered while the integration is off or not enforced yet.
  when_off         text NOT NULL DEFAULT 'allow' CHECK (when_off IN ('allow', 'refuse')),
  -- What the product's client does while Rollcall cannot be reached.
  when_unreachable text NOT NULL DEFAULT 'refuse' CHECK (when_unreachable IN ('allow', 'refuse')),
  CHECK (enforce_at IS NULL OR enforcement = 'held')
);

-- Break-glass accounts: they may log in whatever the directory says of them.
CREATE TABLE login_exemptions (
  tenant_id  uuid NOT NULL REFERENCES tenants (id),
  -- A userName or e-mail address, folded as both are compared.
  login_key  text NOT NULL,
  login      text NOT NULL,
  note       text NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (tenant_id, login_key)
);
