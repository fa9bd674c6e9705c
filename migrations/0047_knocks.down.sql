ALTER TABLE tokens DROP COLUMN replaced_at;
DROP TABLE knocks;
