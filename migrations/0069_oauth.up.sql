-- What a client shows at the token endpoint: a secret of its own, kept like a token; or a JWT of an issuer that the
-- connection trusts. A secret opens nothing by itself.
ALTER TABLE tokens ADD COLUMN kind text NOT NULL DEFAULT 'bearer' CHECK (kind IN ('bearer', 'client_secret'));

CREATE TABLE federations (
  tenant_id     uuid NOT NULL,
  connection_id uuid NOT NULL,
  -- Of what is trusted now: access tokens name it, and end when something else is trusted.
  id            uuid NOT NULL,
  issuer        text NOT NULL,
  subject       text NOT NULL,
  audience      text NOT NULL,
  created_at    timestamptz NOT NULL DEFAULT now(),
  last_used_at  timestamptz,
  PRIMARY KEY (tenant_id, connection_id),
  FOREIGN KEY (tenant_id, connection_id) REFERENCES connections (tenant_id, id) ON DELETE CASCADE
);
CREATE TRIGGER federations_changed AFTER UPDATE OF id OR DELETE ON federations
  FOR EACH STATEMENT EXECUTE FUNCTION tell_access_changed();
