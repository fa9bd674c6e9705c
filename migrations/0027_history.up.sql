-- What a change was, not only of what: each attribute from → to, bounded in size, never of a create (whose values are
-- the first "from" of what follows). And the id by which the client knows its request.
ALTER TABLE writes ADD COLUMN changes jsonb, ADD COLUMN client_request_id text;

-- Which writes of groups concern a member, for the history of one person.
CREATE TABLE member_changes (
  tenant_id uuid NOT NULL,
  member_id uuid NOT NULL,
  write_id  uuid NOT NULL,
  is_added  boolean NOT NULL,
  PRIMARY KEY (tenant_id, member_id, write_id)
);
