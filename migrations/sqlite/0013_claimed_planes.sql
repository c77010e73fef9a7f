-- Control planes that are themselves claims and have joined: by the uid of the claim. They stay while the claim exists,
-- also over a restart during which the claim is unwell or its control plane does not answer.
CREATE TABLE claimed_planes (
    uid         TEXT   NOT NULL PRIMARY KEY,
    claim       TEXT   NOT NULL,
    tenant      TEXT   NOT NULL,
    environment TEXT   NOT NULL,
    joined_at   BIGINT NOT NULL
);
