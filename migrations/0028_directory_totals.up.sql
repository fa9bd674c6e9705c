-- How many users and groups each tenant holds, kept by the transactions that change them: counting a million rows
-- for a page or a metric is too dear.
CREATE TABLE directory_totals (
  tenant_id      uuid PRIMARY KEY REFERENCES tenants (id) ON DELETE CASCADE,
  users_active   bigint NOT NULL DEFAULT 0,
  users_inactive bigint NOT NULL DEFAULT 0,
  groups         bigint NOT NULL DEFAULT 0
);

-- No write may slip in between the count and the commit.
LOCK TABLE users, groups IN SHARE MODE;
INSERT INTO directory_totals (tenant_id, users_active, users_inactive, groups)
SELECT t.id, coalesce(u.active, 0), coalesce(u.inactive, 0), coalesce(g.groups, 0)
  FROM tenants t
  LEFT JOIN (
         SELECT tenant_id, count(*) FILTER (WHERE active) AS active, count(*) FILTER (WHERE NOT active) AS inactive
           FROM users GROUP BY tenant_id
       ) u ON u.tenant_id = t.id
  LEFT JOIN (SELECT tenant_id, count(*) AS groups FROM groups GROUP BY tenant_id) g ON g.tenant_id = t.id;
