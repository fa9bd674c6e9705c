-- A tenant's own extension schemas: each version is the complete set, the newest is in force, and none is ever changed
-- or deleted, since commands on the queue name the version that their payload was read by.
CREATE TABLE tenant_schemas (
  tenant_id  uuid NOT NULL REFERENCES tenants (id),
  version    integer NOT NULL CHECK (version > 0),
  -- { "User": [schema, …], "Group": [schema, …] }, in the form of RFC 7643 section 7.
  extensions jsonb NOT NULL,
  -- Login, or the part of the product that set it.
  actor      text NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  -- When the search documents were as this version has them; NULL until then.
  search_at  timestamptz,
  PRIMARY KEY (tenant_id, version)
);
