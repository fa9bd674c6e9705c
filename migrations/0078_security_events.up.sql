-- Security event tokens: by which keys they are signed, and to whom they go. A key without a tenant: the issuer is the
-- installation, and a token's audience tells the receivers apart.
CREATE TABLE signing_keys (
  -- RFC 7638: the thumbprint of the public key, which tokens name as `kid`.
  id              text PRIMARY KEY,
  public_jwk      jsonb NOT NULL,
  -- PKCS #8, sealed under a key derived from ROLLCALL_SECRET.
  private_key     bytea NOT NULL,
  created_at      timestamptz NOT NULL DEFAULT now(),
  -- Published before it signs, so that receivers who keep the key set for a while have it in time.
  signs_from      timestamptz NOT NULL,
  -- Null while no other key takes its place.
  published_until timestamptz
);

-- What is sent: messages of ours, or security event tokens, with values or with the names of attributes alone. Tokens
-- are sent to the address, or wait until their receiver asks; then the audience stands where the address would.
ALTER TABLE webhook_endpoints
  ADD COLUMN format    text NOT NULL DEFAULT 'json' CHECK (format IN ('json', 'set', 'set-notice')),
  ADD COLUMN delivery  text NOT NULL DEFAULT 'push' CHECK (delivery IN ('push', 'poll')),
  ADD COLUMN audience  text,
  ADD COLUMN polled_at timestamptz;
