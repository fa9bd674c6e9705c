ALTER TABLE webhook_endpoints
  DROP COLUMN receiver_auth;
