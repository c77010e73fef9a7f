-- Whose agreement a request still needs: a row for each role or group that an unmet rule names. Derived from the
-- request, saved in the same transaction, and removed when the request no longer awaits approval.
CREATE TABLE pending_approvers (
    principal  TEXT NOT NULL,
    request_id TEXT NOT NULL REFERENCES requests (id),
    PRIMARY KEY (principal, request_id)
);
CREATE INDEX pending_approvers_request ON pending_approvers (request_id);

-- Who may not decide on it: the requester and whoever has decided, by account and by e-mail address.
CREATE TABLE excluded_approvers (
    request_id TEXT NOT NULL REFERENCES requests (id),
    person     TEXT NOT NULL,
    PRIMARY KEY (request_id, person)
);
