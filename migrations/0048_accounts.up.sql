-- Accounts are managed in the console: disabled instead of removed, so that the audit's names keep their meaning, and
-- perhaps without a password, where somebody else says who is at the door.
ALTER TABLE accounts
  ALTER COLUMN password_hash DROP NOT NULL,
  ADD COLUMN disabled_at timestamptz,
  ADD COLUMN last_sign_in_at timestamptz,
  ADD COLUMN oidc_issuer text,
  ADD COLUMN oidc_subject text,
  ADD CHECK ((oidc_issuer IS NULL) = (oidc_subject IS NULL));
CREATE UNIQUE INDEX accounts_oidc ON accounts (oidc_issuer, oidc_subject) WHERE oidc_subject IS NOT NULL;

-- What somebody needs to recognise a session of theirs, and to end it from elsewhere.
ALTER TABLE sessions
  ADD COLUMN id uuid NOT NULL DEFAULT gen_random_uuid(),
  ADD COLUMN last_seen_at timestamptz NOT NULL DEFAULT now(),
  ADD COLUMN address text,
  ADD COLUMN user_agent text;

-- A way in that works once: whoever has the link sets the account's password.
CREATE TABLE account_links (
  link_hash  bytea PRIMARY KEY,
  account_id uuid NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
  expires_at timestamptz NOT NULL
);
CREATE INDEX account_links_account ON account_links (account_id);

-- Whose work a failure is; a login, as beside a note.
ALTER TABLE failures ADD COLUMN assignee text;
CREATE INDEX failures_assigned ON failures (assignee, write_id DESC) WHERE assignee IS NOT NULL AND state = 'open';
