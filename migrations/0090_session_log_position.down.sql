ALTER TABLE sessions
  DROP COLUMN log_position;
