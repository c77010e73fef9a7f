-- What each tenant held at the beginning of an hour, counted at most once an hour, for the charts of its usage: a JSON
-- object of counters. The tenant '' is all of them together. Rows are removed when they are 400 days old.
CREATE TABLE usage_samples (
    tenant   TEXT   NOT NULL,
    hour     BIGINT NOT NULL,
    counters TEXT   NOT NULL,
    PRIMARY KEY (tenant, hour)
);
CREATE INDEX usage_samples_hour ON usage_samples (hour);
