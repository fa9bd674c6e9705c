-- The product's own list of its people, held against the directory. A list is open while its people come; it is compared
-- once, in one look at the directory, and then who differs is kept, while who agrees is counted and forgotten.
CREATE TABLE reconciliations (
  tenant_id    uuid NOT NULL REFERENCES tenants (id),
  id           uuid NOT NULL,
  -- Who began it: an account of the console, the command line, or the product.
  actor        text NOT NULL,
  started_at   timestamptz NOT NULL DEFAULT now(),
  completed_at timestamptz,
  counts       jsonb,
  PRIMARY KEY (tenant_id, id),
  CHECK ((completed_at IS NULL) = (counts IS NULL))
);

-- Of lists that are open. Whoever adds to a list or ends it holds the list's row, so that no foreign key need be checked
-- for each of a hundred thousand rows; the same holds for what differs.
CREATE TABLE reconciliation_people (
  tenant_id         uuid NOT NULL,
  reconciliation_id uuid NOT NULL,
  -- The product's own id.
  existing_id       text NOT NULL,
  user_name         text,
  email             text,
  external_id       text,
  display_name      text,
  active            boolean NOT NULL,
  -- The user whom the product takes the person for.
  linked_id         uuid,
  -- Folded, as the directory's are.
  user_name_key     text,
  email_key         text,
  PRIMARY KEY (tenant_id, reconciliation_id, existing_id)
);

-- Values are those of the product's list; of the directory's user there is the id alone.
CREATE TABLE reconciliation_differences (
  tenant_id         uuid NOT NULL,
  reconciliation_id uuid NOT NULL,
  -- In the order of the report, from 1.
  position          integer NOT NULL,
  finding           text NOT NULL CHECK (finding IN (
                      'activeOnlyInProduct', 'activeOnlyInDirectory', 'onlyInProduct', 'onlyInDirectory',
                      'ambiguous', 'duplicate', 'incomplete')),
  existing_id       text,
  user_name         text,
  email             text,
  external_id       text,
  display_name      text,
  user_name_key     text,
  email_key         text,
  matched_by        text,
  user_id           uuid,
  active_in_product   boolean,
  active_in_directory boolean,
  PRIMARY KEY (tenant_id, reconciliation_id, position)
);
CREATE INDEX reconciliation_differences_finding
  ON reconciliation_differences (tenant_id, reconciliation_id, finding, position);
