-- The schema that a request was judged by: with the manifest and the placement it is what an approver agrees to.
ALTER TABLE requests ADD COLUMN schema_hash TEXT;
