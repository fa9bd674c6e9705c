DROP FUNCTION make_week(text, text, uuid, uuid);
DROP FUNCTION drop_week(text, text);
