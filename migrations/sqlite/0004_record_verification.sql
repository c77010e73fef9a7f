-- How far the present round of verification has come, and when the last whole one ended.
CREATE TABLE record_checkpoint (
    id       BIGINT NOT NULL PRIMARY KEY CHECK (id = 1),
    sequence BIGINT NOT NULL,
    hash     TEXT   NOT NULL,
    whole_at BIGINT
);
INSERT INTO record_checkpoint (id, sequence, hash)
VALUES (1, 0, '0000000000000000000000000000000000000000000000000000000000000000');

-- Places at which the record is not as it was written. They alarm until an administrator takes note, and are kept.
CREATE TABLE record_breaks (
    sequence          BIGINT NOT NULL,
    why               TEXT   NOT NULL,
    found_at          BIGINT NOT NULL,
    acknowledged_at   BIGINT,
    acknowledged_by   TEXT,
    acknowledged_name TEXT,
    PRIMARY KEY (sequence, why)
);
