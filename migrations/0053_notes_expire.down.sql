ALTER TABLE unanswered_writes
  DROP COLUMN expires_at;
