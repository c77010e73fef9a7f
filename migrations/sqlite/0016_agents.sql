-- Agents of control planes. Their certificates name them by id; here is who they are and whether they may still connect.
CREATE TABLE agents (
    id                     TEXT   NOT NULL PRIMARY KEY,
    plane                  TEXT   NOT NULL,
    remote                 TEXT   NOT NULL,
    enrolled_at            BIGINT NOT NULL,
    certificate_expires_at BIGINT NOT NULL,
    last_seen_at           BIGINT,
    revoked_at             BIGINT,
    revoked_by             TEXT
);
CREATE INDEX agents_plane ON agents (plane);

-- Tokens with which agents enrol, once. The token is with its owner; here is only its SHA-256.
CREATE TABLE agent_enrolments (
    digest     TEXT   NOT NULL PRIMARY KEY,
    plane      TEXT   NOT NULL,
    person     TEXT   NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    used_at    BIGINT
);
CREATE INDEX agent_enrolments_expiry ON agent_enrolments (expires_at);

-- The replicas of Portico that listen for agents, which connect to each of them.
CREATE TABLE replicas (
    id      TEXT   NOT NULL PRIMARY KEY,
    seen_at BIGINT NOT NULL
);
