ALTER TABLE failures DROP COLUMN assignee;
DROP TABLE account_links;
ALTER TABLE sessions DROP COLUMN id, DROP COLUMN last_seen_at, DROP COLUMN address, DROP COLUMN user_agent;
DROP INDEX accounts_oidc;
-- An account without a password has no way in on the older schema.
UPDATE accounts SET password_hash = '' WHERE password_hash IS NULL;
ALTER TABLE accounts
  ALTER COLUMN password_hash SET NOT NULL,
  DROP COLUMN disabled_at,
  DROP COLUMN last_sign_in_at,
  DROP COLUMN oidc_issuer,
  DROP COLUMN oidc_subject;
