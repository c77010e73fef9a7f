-- Browser sessions. The id is in the cookie; here is only its SHA-256.
CREATE TABLE sessions (
    id_hash          TEXT   NOT NULL PRIMARY KEY,
    subject          TEXT,
    provider_session TEXT,
    data             TEXT   NOT NULL,
    created_at       BIGINT NOT NULL,
    expires_at       BIGINT NOT NULL
);
CREATE INDEX sessions_subject ON sessions (subject);
CREATE INDEX sessions_provider_session ON sessions (provider_session);
CREATE INDEX sessions_expiry ON sessions (expires_at);

-- Logout tokens that were heeded: none is heeded twice (OpenID Connect Back-Channel Logout 1.0, section 2.6).
CREATE TABLE logout_tokens (
    issuer     TEXT   NOT NULL,
    token      TEXT   NOT NULL,
    expires_at BIGINT NOT NULL,
    PRIMARY KEY (issuer, token)
);

-- API tokens. The secret is with its owner; here is only its SHA-256.
CREATE TABLE api_tokens (
    id           TEXT   NOT NULL PRIMARY KEY,
    secret_hash  TEXT   NOT NULL UNIQUE,
    name         TEXT   NOT NULL,
    subject      TEXT   NOT NULL,
    person_name  TEXT   NOT NULL,
    person_email TEXT,
    sso_groups   TEXT   NOT NULL,
    scope        TEXT   NOT NULL,
    created_at   BIGINT NOT NULL,
    expires_at   BIGINT NOT NULL,
    last_used_at BIGINT
);
CREATE INDEX api_tokens_subject ON api_tokens (subject);
