DROP TABLE member_changes;
ALTER TABLE writes DROP COLUMN changes, DROP COLUMN client_request_id;
