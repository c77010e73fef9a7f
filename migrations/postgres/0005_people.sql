-- People, as their provider described them when they signed in last. What a session or a token may do follows from
-- here, so that a group that somebody loses is lost to all of them at once.
CREATE TABLE people (
    subject      TEXT   NOT NULL PRIMARY KEY,
    id           TEXT   NOT NULL UNIQUE,
    name         TEXT   NOT NULL,
    email        TEXT,
    sso_groups   TEXT   NOT NULL,
    signed_in_at BIGINT NOT NULL,
    -- Since when their tokens are suspended: the provider ended all of their sessions, and they have not signed in since.
    suspended_at BIGINT
);
CREATE INDEX people_name ON people (name, subject);

-- Who has a token signed in to make it.
INSERT INTO people (subject, id, name, email, sso_groups, signed_in_at, suspended_at)
SELECT subject, id, person_name, person_email, sso_groups, created_at, NULL
FROM api_tokens AS token
WHERE NOT EXISTS (
    SELECT 1 FROM api_tokens AS newer
    WHERE newer.subject = token.subject
      AND (newer.created_at > token.created_at OR (newer.created_at = token.created_at AND newer.id > token.id))
);

ALTER TABLE api_tokens DROP COLUMN person_name;
ALTER TABLE api_tokens DROP COLUMN person_email;
ALTER TABLE api_tokens DROP COLUMN sso_groups;
