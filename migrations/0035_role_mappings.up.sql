-- Which roles of the product (licences count as roles) the members of which groups have. A group is told by its id, by
-- its displayName, or by the identity provider's own id; it need not be there yet.
CREATE TABLE role_mappings (
  tenant_id  uuid NOT NULL REFERENCES tenants (id),
  role       text NOT NULL,
  match_by   text NOT NULL CHECK (match_by IN ('id', 'displayName', 'externalId')),
  value      text NOT NULL,
  -- As it is compared.
  value_key  text NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (tenant_id, role, match_by, value_key)
);
