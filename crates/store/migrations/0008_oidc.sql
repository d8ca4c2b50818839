-- Attempts to sign in at the company's identity provider that were begun and not ended.
CREATE TABLE oidc_attempts (
    hash TEXT NOT NULL PRIMARY KEY,
    expires_at BIGINT NOT NULL
);
