-- The cluster that answers for each control plane, as it first did or as an administrator accepted it since.
CREATE TABLE clusters (
    plane   TEXT   NOT NULL PRIMARY KEY,
    cluster TEXT   NOT NULL,
    since   BIGINT NOT NULL
);
