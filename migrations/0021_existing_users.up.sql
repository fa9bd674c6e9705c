-- People whom the product knew before its tenant's directory was connected, and whom of the directory each of them is.
CREATE TABLE existing_users (
  tenant_id     uuid NOT NULL REFERENCES tenants (id),
  -- The product's own id.
  existing_id   text NOT NULL,
  user_name     text,
  email         text,
  external_id   text,
  display_name  text,
  -- Folded, as the directory's are.
  user_name_key text,
  email_key     text,
  imported_at   timestamptz NOT NULL DEFAULT now(),
  -- As the last matching found it.
  state         text NOT NULL DEFAULT 'unmatched' CHECK (
                  state IN ('matched', 'deactivated', 'ambiguous', 'duplicate', 'incomplete', 'unmatched')),
  matched_by    text CHECK (matched_by IN ('externalId', 'userName', 'email')),
  user_id       uuid,
  PRIMARY KEY (tenant_id, existing_id)
);
CREATE INDEX existing_users_state ON existing_users (tenant_id, state, existing_id);
