-- What is provisioned. `resource` is the canonical SCIM document, `search` its comparable form (strings folded
-- where the schema says caseExact=false), against which filters are compiled; the columns are what clients
-- look up by. Members are rows, so that one change to a group of 100,000 touches one row.
CREATE TABLE users (
  tenant_id     uuid NOT NULL REFERENCES tenants (id),
  id            uuid NOT NULL,
  user_name_key text NOT NULL,
  external_id   text,
  active        boolean NOT NULL,
  resource      jsonb NOT NULL,
  search        jsonb NOT NULL,
  version       bigint NOT NULL,
  created_at    timestamptz NOT NULL,
  updated_at    timestamptz NOT NULL,
  PRIMARY KEY (tenant_id, id)
);
CREATE UNIQUE INDEX users_user_name ON users (tenant_id, user_name_key);
CREATE INDEX users_external_id ON users (tenant_id, external_id) WHERE external_id IS NOT NULL;
CREATE INDEX users_search ON users USING gin (search jsonb_path_ops);

CREATE TABLE groups (
  tenant_id        uuid NOT NULL REFERENCES tenants (id),
  id               uuid NOT NULL,
  display_name_key text NOT NULL,
  external_id      text,
  resource         jsonb NOT NULL,
  search           jsonb NOT NULL,
  version          bigint NOT NULL,
  created_at       timestamptz NOT NULL,
  updated_at       timestamptz NOT NULL,
  PRIMARY KEY (tenant_id, id)
);
CREATE INDEX groups_display_name ON groups (tenant_id, display_name_key);
CREATE INDEX groups_external_id ON groups (tenant_id, external_id) WHERE external_id IS NOT NULL;
CREATE INDEX groups_search ON groups USING gin (search jsonb_path_ops);

-- A member is a user or a group of the same tenant, so no foreign key can hold it: the worker locks the member
-- while it is added and removes its memberships when it is deleted.
CREATE TABLE group_members (
  tenant_id   uuid NOT NULL,
  group_id    uuid NOT NULL,
  member_id   uuid NOT NULL,
  member_type text NOT NULL CHECK (member_type IN ('User', 'Group')),
  PRIMARY KEY (tenant_id, group_id, member_id),
  FOREIGN KEY (tenant_id, group_id) REFERENCES groups (tenant_id, id) ON DELETE CASCADE
);
CREATE INDEX group_members_member ON group_members (tenant_id, member_id);
