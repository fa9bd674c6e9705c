CREATE TABLE member_changes_whole (
  tenant_id uuid NOT NULL,
  member_id uuid NOT NULL,
  write_id  uuid NOT NULL,
  is_added  boolean NOT NULL
);
INSERT INTO member_changes_whole SELECT tenant_id, member_id, write_id, is_added FROM member_changes;
DROP TABLE member_changes;
ALTER TABLE member_changes_whole RENAME TO member_changes;
ALTER TABLE member_changes ADD CONSTRAINT member_changes_pkey PRIMARY KEY (tenant_id, member_id, write_id);
