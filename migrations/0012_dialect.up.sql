-- How far from the standard the identity provider of a connection may go: src/scim/dialect.
ALTER TABLE connections
  ADD COLUMN dialect text NOT NULL DEFAULT 'entra' CHECK (dialect IN ('entra', 'okta', 'strict'));
