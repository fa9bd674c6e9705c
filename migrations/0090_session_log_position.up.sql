-- Where the log stood after what the session did last: a replica that has come so far may show it its pages.
ALTER TABLE sessions
  ADD COLUMN log_position pg_lsn;
