DELETE FROM webhook_endpoints WHERE format <> 'json';
ALTER TABLE webhook_endpoints
  DROP COLUMN format,
  DROP COLUMN delivery,
  DROP COLUMN audience,
  DROP COLUMN polled_at;
DROP TABLE signing_keys;
