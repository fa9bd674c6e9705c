-- Processes remember for a moment who a token speaks for. What ends or changes that is told to them at its commit.
CREATE FUNCTION tell_access_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  NOTIFY rollcall_access_changed;
  RETURN NULL;
END
$$;

CREATE TRIGGER tokens_changed AFTER UPDATE OF revoked_at, expires_at OR DELETE ON tokens
  FOR EACH STATEMENT EXECUTE FUNCTION tell_access_changed();
CREATE TRIGGER connections_changed AFTER UPDATE OR DELETE ON connections
  FOR EACH STATEMENT EXECUTE FUNCTION tell_access_changed();
CREATE TRIGGER tenant_schemas_changed AFTER INSERT OR DELETE ON tenant_schemas
  FOR EACH STATEMENT EXECUTE FUNCTION tell_access_changed();
