-- Of the writes up to answered_through, those that were not answered yet: one that takes long leaves no others in doubt.
ALTER TABLE api_processes
  ADD COLUMN open_writes uuid[] NOT NULL DEFAULT '{}';
