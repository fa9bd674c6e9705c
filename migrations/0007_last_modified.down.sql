DROP INDEX groups_updated_at;
DROP INDEX users_updated_at;
