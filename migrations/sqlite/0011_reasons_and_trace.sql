-- Why a request waits and why it failed, as JSON: a code with parameters. Sentences of before become the code "other".
ALTER TABLE requests ADD COLUMN waiting_reason TEXT;
ALTER TABLE requests ADD COLUMN failure_reason TEXT;
UPDATE requests SET waiting_reason = json_object('code', 'other', 'text', waiting_for), waiting_for = NULL WHERE waiting_for IS NOT NULL;
UPDATE requests SET failure_reason = json_object('code', 'other', 'text', failure), failure = NULL WHERE failure IS NOT NULL;

-- The trace that a request was submitted in: a W3C traceparent.
ALTER TABLE requests ADD COLUMN traceparent TEXT;
