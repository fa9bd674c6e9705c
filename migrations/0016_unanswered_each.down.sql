DELETE FROM unanswered_writes u
 USING unanswered_writes o
 WHERE o.tenant_id = u.tenant_id AND o.request_key = u.request_key AND o.write_id < u.write_id;
ALTER TABLE unanswered_writes
  DROP CONSTRAINT unanswered_writes_pkey,
  ADD PRIMARY KEY (tenant_id, request_key);
