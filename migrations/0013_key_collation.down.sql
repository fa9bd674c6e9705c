ALTER TABLE users
  ALTER COLUMN user_name_key TYPE text COLLATE "default",
  ALTER COLUMN external_id TYPE text COLLATE "default";
ALTER TABLE groups
  ALTER COLUMN display_name_key TYPE text COLLATE "default",
  ALTER COLUMN external_id TYPE text COLLATE "default";
