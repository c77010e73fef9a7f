-- What people keep of a list under a name of their own: its filters and its order, as the query of its address.
CREATE TABLE saved_views (
    subject  TEXT   NOT NULL,
    list     TEXT   NOT NULL,
    name     TEXT   NOT NULL,
    query    TEXT   NOT NULL,
    saved_at BIGINT NOT NULL,
    PRIMARY KEY (subject, list, name)
);
