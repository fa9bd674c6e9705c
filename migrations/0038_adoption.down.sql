DROP TRIGGER existing_users_told ON existing_users;
DROP INDEX existing_users_offers, existing_users_resource, existing_users_name, existing_users_email,
  existing_users_external;
UPDATE existing_users SET matched_by = 'userName' WHERE matched_by = 'adopted';
ALTER TABLE existing_users DROP CONSTRAINT existing_users_matched_by_check,
  ADD CONSTRAINT existing_users_matched_by_check CHECK (matched_by IN ('externalId', 'userName', 'email'));
ALTER TABLE existing_users DROP COLUMN is_offered, DROP COLUMN adopted_at, DROP COLUMN resource_id;
