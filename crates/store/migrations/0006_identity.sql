-- When a key ends by itself, if it does.
ALTER TABLE keys ADD COLUMN expires_at BIGINT;
