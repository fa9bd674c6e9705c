ALTER TABLE knocks DROP COLUMN address;
