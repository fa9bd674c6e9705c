ALTER TABLE connections DROP COLUMN dialect;
