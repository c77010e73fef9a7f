-- What platform admins decided on the permissions that tenants' publications ask for. Rows are only added: the newest that
-- is about a consumer counts. `ask` is what was asked for, as JSON.
CREATE TABLE permission_decisions (
    id           TEXT    NOT NULL PRIMARY KEY,
    publication  TEXT    NOT NULL,
    permission   TEXT    NOT NULL,
    accepted     BIGINT  NOT NULL,
    ask          TEXT    NOT NULL,
    person       TEXT    NOT NULL,
    person_name  TEXT    NOT NULL,
    person_email TEXT,
    at           BIGINT  NOT NULL
);
