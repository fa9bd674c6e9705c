-- A person from before is offered to the identity provider as a user under resource_id, until a write adopts it.
ALTER TABLE existing_users
  ADD COLUMN resource_id uuid NOT NULL DEFAULT gen_random_uuid(),
  ADD COLUMN adopted_at timestamptz;
ALTER TABLE existing_users ALTER COLUMN resource_id DROP DEFAULT;
ALTER TABLE existing_users DROP CONSTRAINT existing_users_matched_by_check,
  ADD CONSTRAINT existing_users_matched_by_check CHECK (matched_by IN ('adopted', 'externalId', 'userName', 'email'));

-- By what an identity provider looks people up. Whole indexes, not only of those who are still offered: of people who
-- were just imported Postgres has no statistics and takes the offered for few, so that any partial index would seem as
-- good as another, and be read for 100,000 rows.
CREATE UNIQUE INDEX existing_users_resource ON existing_users (tenant_id, resource_id);
CREATE INDEX existing_users_name ON existing_users (tenant_id, user_name_key);
CREATE INDEX existing_users_email ON existing_users (tenant_id, email_key);
CREATE INDEX existing_users_external ON existing_users (tenant_id, external_id);
-- Whether a tenant has offers at all, which is asked with each token; of a column that no other question names.
ALTER TABLE existing_users
  ADD COLUMN is_offered boolean NOT NULL GENERATED ALWAYS AS (user_id IS NULL AND adopted_at IS NULL) STORED;
CREATE INDEX existing_users_offers ON existing_users (tenant_id) WHERE is_offered;

-- Processes remember with a token whether its tenant has people from before.
CREATE TRIGGER existing_users_told AFTER INSERT OR DELETE ON existing_users
  FOR EACH STATEMENT EXECUTE FUNCTION tell_access_changed();
