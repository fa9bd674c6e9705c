-- What a receiver of tokens wants to be shown in the place of the endpoint's secret: the value of an Authorization header,
-- sealed like that secret. Null shows the secret.
ALTER TABLE webhook_endpoints
  ADD COLUMN receiver_auth bytea;
