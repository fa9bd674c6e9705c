-- Groups within groups: few rows among many, read whole for a tenant when one is added, so that no circle forms.
CREATE INDEX group_members_nested ON group_members (tenant_id, group_id, member_id) WHERE member_type = 'Group';
