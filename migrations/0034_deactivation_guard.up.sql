-- How many users a connection may deactivate and delete in one cycle; without a row as many as it likes. A batch that
-- may take access away locks the row until its commit: counting is then exact, whoever else applies writes.
CREATE TABLE deactivation_guards (
  tenant_id     uuid NOT NULL,
  connection_id uuid NOT NULL,
  users_max     integer CHECK (users_max >= 0),
  percent_max   double precision CHECK (percent_max BETWEEN 0 AND 100),
  -- What is answered beyond the limit: 503, or as though it were applied.
  answer        text NOT NULL CHECK (answer IN ('retry', 'accept')),
  PRIMARY KEY (tenant_id, connection_id),
  FOREIGN KEY (tenant_id, connection_id) REFERENCES connections (tenant_id, id) ON DELETE CASCADE,
  CHECK (users_max IS NOT NULL OR percent_max IS NOT NULL)
);

-- What the guard counted in a cycle, and what became of what it held.
CREATE TABLE guard_cycles (
  tenant_id     uuid NOT NULL,
  cycle_id      uuid NOT NULL,
  connection_id uuid NOT NULL,
  -- Active users before the cycle's first deactivation: what the percentage is of.
  active_users  bigint NOT NULL,
  counted       bigint NOT NULL DEFAULT 0,
  held          bigint NOT NULL DEFAULT 0,
  released      bigint NOT NULL DEFAULT 0,
  rejected      bigint NOT NULL DEFAULT 0,
  superseded    bigint NOT NULL DEFAULT 0,
  -- As it was when the first one was held.
  users_limit   bigint,
  lifted_at     timestamptz,
  created_at    timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (tenant_id, cycle_id),
  FOREIGN KEY (tenant_id, connection_id) REFERENCES connections (tenant_id, id) ON DELETE CASCADE
);
CREATE INDEX guard_cycles_created_at ON guard_cycles (created_at);

-- A user whose deactivation or deletion is held, at most one row each; waiting → released → gone once applied, or
-- waiting → rejected → waiting again or gone.
CREATE TABLE held_deactivations (
  tenant_id       uuid NOT NULL,
  user_id         uuid NOT NULL,
  connection_id   uuid NOT NULL,
  -- In which it was held.
  cycle_id        uuid NOT NULL,
  kind            text NOT NULL CHECK (kind IN ('deactivate', 'delete')),
  state           text NOT NULL CHECK (state IN ('waiting', 'released', 'rejected')),
  held_at         timestamptz NOT NULL DEFAULT now(),
  attempts        integer NOT NULL DEFAULT 1,
  last_attempt_at timestamptz NOT NULL DEFAULT now(),
  -- The last write that wanted it.
  write_id        uuid NOT NULL,
  decided_at      timestamptz,
  decided_by      text,
  reason          text,
  -- The first cycle after that of the rejection in which it was wanted again.
  repeated_in     uuid,
  PRIMARY KEY (tenant_id, user_id),
  FOREIGN KEY (tenant_id, user_id) REFERENCES users (tenant_id, id) ON DELETE CASCADE,
  FOREIGN KEY (tenant_id, connection_id) REFERENCES connections (tenant_id, id) ON DELETE CASCADE
);
CREATE INDEX held_deactivations_connection ON held_deactivations (tenant_id, connection_id, state, user_id);

-- Whoever locks a user sees whether there is such a row, without asking for it.
ALTER TABLE users ADD COLUMN is_held boolean NOT NULL DEFAULT false;
