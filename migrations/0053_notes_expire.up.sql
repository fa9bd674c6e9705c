-- How long a note speaks for a request depends on how sure it is that nobody had the answer.
ALTER TABLE unanswered_writes
  ADD COLUMN expires_at timestamptz NOT NULL DEFAULT now() + interval '15 minutes';
