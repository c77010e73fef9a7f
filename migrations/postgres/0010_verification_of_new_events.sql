-- Up to where new events were verified, and when that was done last: a start goes on from there.
ALTER TABLE record_checkpoint ADD COLUMN newest_sequence BIGINT;
ALTER TABLE record_checkpoint ADD COLUMN newest_hash TEXT;
ALTER TABLE record_checkpoint ADD COLUMN checked_at BIGINT;
