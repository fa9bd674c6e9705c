ALTER TABLE group_members
  ADD CONSTRAINT group_members_tenant_id_group_id_fkey
  FOREIGN KEY (tenant_id, group_id) REFERENCES groups (tenant_id, id) ON DELETE CASCADE;
