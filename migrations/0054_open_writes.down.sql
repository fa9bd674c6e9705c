ALTER TABLE api_processes
  DROP COLUMN open_writes;
