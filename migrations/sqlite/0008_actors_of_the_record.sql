-- Who did something, for each tenant that it concerned ('' where none): the page of the record lists them without
-- reading the record.
CREATE TABLE record_actors (
    tenant TEXT NOT NULL,
    actor  TEXT NOT NULL,
    name   TEXT NOT NULL,
    PRIMARY KEY (tenant, actor)
);
INSERT INTO record_actors (tenant, actor, name)
SELECT tenant, actor, name
FROM (
    SELECT
        coalesce(tenant, '') AS tenant, actor, actor_name AS name,
        row_number() OVER (PARTITION BY coalesce(tenant, ''), actor ORDER BY sequence DESC) AS place
    FROM events
) AS latest
WHERE place = 1;

-- What the page of the record is narrowed by.
CREATE INDEX events_actor ON events (actor, sequence);
CREATE INDEX events_verb ON events (verb, sequence);
CREATE INDEX events_at ON events (at);
