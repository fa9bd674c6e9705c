DROP TRIGGER tenant_schemas_changed ON tenant_schemas;
DROP TRIGGER connections_changed ON connections;
DROP TRIGGER tokens_changed ON tokens;
DROP FUNCTION tell_access_changed();
