-- Clients that keep a copy ask for what changed since: meta.lastModified gt "…".
CREATE INDEX users_updated_at ON users (tenant_id, updated_at);
CREATE INDEX groups_updated_at ON groups (tenant_id, updated_at);
