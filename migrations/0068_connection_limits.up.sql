-- From where a connection's requests may come, and how many a second. NULL is no limit of its own.
ALTER TABLE connections
  ADD COLUMN allowed_addresses text[],
  ADD COLUMN requests_per_second integer CHECK (requests_per_second > 0);
