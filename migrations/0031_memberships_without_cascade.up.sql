-- Each row of a group of 100,000 was checked against its group by a trigger of its own, when it was added and when the
-- group went. The worker holds the group's row while it changes members, and deletes them with the group.
ALTER TABLE group_members DROP CONSTRAINT group_members_tenant_id_group_id_fkey;
