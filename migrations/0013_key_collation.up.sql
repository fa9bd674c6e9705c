-- Keys are compared, sorted and looked up by prefix by code point. With any other collation of the database than C, an
-- index of the column would serve equality alone: userName sw and sortBy would read every row. Rebuilds four indexes.
ALTER TABLE users
  ALTER COLUMN user_name_key TYPE text COLLATE "C",
  ALTER COLUMN external_id TYPE text COLLATE "C";
ALTER TABLE groups
  ALTER COLUMN display_name_key TYPE text COLLATE "C",
  ALTER COLUMN external_id TYPE text COLLATE "C";
