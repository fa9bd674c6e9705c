-- People who operate Rollcall itself: they belong to the installation, not to a tenant.
CREATE TABLE accounts (
  id            uuid PRIMARY KEY,
  login         text NOT NULL UNIQUE CHECK (login = lower(login)),
  role          text NOT NULL CHECK (role IN ('viewer', 'admin', 'owner')),
  password_hash text NOT NULL,
  failed_logins integer NOT NULL DEFAULT 0,
  locked_until  timestamptz,
  created_at    timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE sessions (
  session_hash bytea PRIMARY KEY,
  account_id   uuid NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
  csrf_token   text NOT NULL,
  created_at   timestamptz NOT NULL DEFAULT now(),
  expires_at   timestamptz NOT NULL
);
CREATE INDEX sessions_account ON sessions (account_id);

-- Who changed what in the console or by the command line. Never holds a secret.
CREATE TABLE audit (
  id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  tenant_id  uuid REFERENCES tenants (id),
  actor      text NOT NULL,
  action     text NOT NULL,
  subject    text NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX audit_recent ON audit (tenant_id, id DESC);
