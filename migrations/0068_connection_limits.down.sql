ALTER TABLE connections DROP COLUMN allowed_addresses, DROP COLUMN requests_per_second;
