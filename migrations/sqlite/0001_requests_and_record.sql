-- Times are microseconds since the epoch, JSON is text, identifiers are UUIDs as text.

CREATE TABLE requests (
    id              TEXT   NOT NULL PRIMARY KEY,
    revision        BIGINT NOT NULL,
    action          TEXT   NOT NULL,
    state           TEXT   NOT NULL,
    tenant          TEXT   NOT NULL,
    environment     TEXT   NOT NULL,
    plane           TEXT   NOT NULL,
    offering        TEXT   NOT NULL,
    namespace       TEXT,
    name            TEXT   NOT NULL,
    resource        TEXT   NOT NULL,
    plan            TEXT,
    manifest        TEXT   NOT NULL,
    manifest_hash   TEXT   NOT NULL,
    previous        TEXT,
    uid             TEXT,
    placement       TEXT   NOT NULL,
    requester       TEXT   NOT NULL,
    requester_name  TEXT   NOT NULL,
    requester_email TEXT,
    requester_groups TEXT  NOT NULL,
    note            TEXT,
    approval        TEXT,
    expires_at      BIGINT,
    decisions       TEXT   NOT NULL,
    attempts        BIGINT NOT NULL,
    next_attempt_at BIGINT,
    waiting_for     TEXT,
    failure         TEXT,
    created_at      BIGINT NOT NULL,
    updated_at      BIGINT NOT NULL,
    lease_owner     TEXT,
    lease_until     BIGINT
);

-- One open request per claim: two that are under way would overwrite each other.
CREATE UNIQUE INDEX requests_open_claim ON requests (plane, offering, coalesce(namespace, '-'), name)
    WHERE state IN ('submitted', 'awaiting-approval', 'approved', 'applying');
-- The work queue and expiry look only at what is open, which is little beside the history.
CREATE INDEX requests_queue ON requests (next_attempt_at) WHERE state IN ('approved', 'applying');
CREATE INDEX requests_expiry ON requests (expires_at) WHERE state = 'awaiting-approval';
CREATE INDEX requests_tenant ON requests (tenant, id);
CREATE INDEX requests_requester ON requests (requester, id);
CREATE INDEX requests_claim ON requests (plane, offering, name);
CREATE INDEX requests_state ON requests (state, id);

-- What people say about a request outside of decisions.
CREATE TABLE comments (
    id          TEXT   NOT NULL PRIMARY KEY,
    request_id  TEXT   NOT NULL REFERENCES requests (id),
    author      TEXT   NOT NULL,
    author_name TEXT   NOT NULL,
    author_email TEXT,
    text        TEXT   NOT NULL,
    at          BIGINT NOT NULL
);
CREATE INDEX comments_request ON comments (request_id, id);

CREATE TABLE events (
    sequence      BIGINT NOT NULL PRIMARY KEY,
    at            BIGINT NOT NULL,
    actor         TEXT   NOT NULL,
    actor_name    TEXT   NOT NULL,
    verb          TEXT   NOT NULL,
    subject       TEXT   NOT NULL,
    tenant        TEXT,
    request_id    TEXT,
    remote        TEXT,
    details       TEXT   NOT NULL,
    previous_hash TEXT   NOT NULL,
    hash          TEXT   NOT NULL
);
CREATE INDEX events_tenant ON events (tenant, sequence);
CREATE INDEX events_request ON events (request_id, sequence);
CREATE INDEX events_subject ON events (subject, sequence);

-- The end of the chain. Whoever appends holds this row, so that places in the chain have no gaps;
-- and events cut off at the end are missed.
CREATE TABLE record_head (
    id       BIGINT NOT NULL PRIMARY KEY CHECK (id = 1),
    sequence BIGINT NOT NULL,
    hash     TEXT   NOT NULL
);
INSERT INTO record_head (id, sequence, hash)
VALUES (1, 0, '0000000000000000000000000000000000000000000000000000000000000000');

CREATE TRIGGER events_are_not_changed BEFORE UPDATE ON events
BEGIN SELECT RAISE(ABORT, 'the record is append-only'); END;
CREATE TRIGGER events_are_not_removed BEFORE DELETE ON events
BEGIN SELECT RAISE(ABORT, 'the record is append-only'); END;

-- How long claims took to become ready, for the catalog's typical time.
CREATE TABLE readiness (
    request_id TEXT   NOT NULL PRIMARY KEY REFERENCES requests (id),
    offering   TEXT   NOT NULL,
    seconds    BIGINT NOT NULL,
    noted_at   BIGINT NOT NULL
);
CREATE INDEX readiness_offering ON readiness (offering, noted_at);
