-- Control planes that an administrator has closed to new claims. What configuration says comes on top.
CREATE TABLE cordons (
    plane        TEXT   NOT NULL PRIMARY KEY,
    person       TEXT   NOT NULL,
    person_name  TEXT   NOT NULL,
    person_email TEXT,
    reason       TEXT,
    since        BIGINT NOT NULL
);
