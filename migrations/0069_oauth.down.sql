DROP TABLE federations;
DELETE FROM tokens WHERE kind <> 'bearer';
ALTER TABLE tokens DROP COLUMN kind;
