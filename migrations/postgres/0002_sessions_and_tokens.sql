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
