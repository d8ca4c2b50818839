-- One text for both engines: BLOB is written as BYTEA for PostgreSQL before it runs.
-- Times are milliseconds since 1970 in UTC. Ids are made by the caller.
-- A queue's row may be claimed when its status is 'queued' and due_at has come; a claim moves
-- due_at to the end of its lease and fence by one.

CREATE TABLE terminals (
    device TEXT NOT NULL PRIMARY KEY,
    serial_key TEXT NOT NULL,
    vendor TEXT NOT NULL,
    serial BLOB NOT NULL,
    event_id TEXT NOT NULL,
    first_scan TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);
CREATE INDEX terminals_serial ON terminals (serial_key);
CREATE INDEX terminals_created ON terminals (created_at);

CREATE TABLE scans (
    id TEXT NOT NULL PRIMARY KEY,
    owner TEXT NOT NULL,
    idempotency_key TEXT NOT NULL,
    photos_sha256 TEXT NOT NULL,
    details BLOB NOT NULL,
    created_at BIGINT NOT NULL,
    status TEXT NOT NULL,
    attempts BIGINT NOT NULL,
    fence BIGINT NOT NULL,
    due_at BIGINT NOT NULL,
    judgement BLOB,
    failure TEXT,
    took_ms TEXT,
    decision BLOB,
    finished_at BIGINT,
    device TEXT,
    event_id TEXT,
    UNIQUE (owner, idempotency_key)
);
CREATE INDEX scans_due ON scans (due_at) WHERE status = 'queued';
CREATE INDEX scans_status ON scans (status, id);
CREATE INDEX scans_device ON scans (device) WHERE device IS NOT NULL;

CREATE TABLE scan_photos (
    scan_id TEXT NOT NULL REFERENCES scans (id),
    position BIGINT NOT NULL,
    name TEXT NOT NULL,
    sha256 TEXT NOT NULL,
    bytes BIGINT NOT NULL,
    content_type TEXT NOT NULL,
    surface TEXT NOT NULL,
    removed_at BIGINT,
    PRIMARY KEY (scan_id, position)
);

CREATE TABLE deliveries (
    event_id TEXT NOT NULL PRIMARY KEY,
    device TEXT NOT NULL,
    device_key BLOB NOT NULL,
    scan_id TEXT NOT NULL REFERENCES scans (id),
    event BLOB NOT NULL,
    created_at BIGINT NOT NULL,
    status TEXT NOT NULL,
    attempts BIGINT NOT NULL,
    fence BIGINT NOT NULL,
    due_at BIGINT NOT NULL,
    code TEXT,
    why TEXT,
    answer BLOB,
    settled_at BIGINT
);
CREATE INDEX deliveries_due ON deliveries (due_at) WHERE status = 'queued';
CREATE INDEX deliveries_order ON deliveries (device, created_at, event_id) WHERE status = 'queued';
CREATE INDEX deliveries_status ON deliveries (status, created_at);
CREATE INDEX deliveries_scan ON deliveries (scan_id);

-- Entries are only ever added; each holds the hash of the one before it.
CREATE TABLE audit (
    seq BIGINT NOT NULL PRIMARY KEY,
    at BIGINT NOT NULL,
    who TEXT NOT NULL,
    what TEXT NOT NULL,
    subject TEXT NOT NULL,
    detail BLOB NOT NULL,
    hash BLOB NOT NULL
);
CREATE INDEX audit_subject ON audit (subject, seq);

-- The end of the chain, in one row: whoever adds an entry holds it until the commit.
CREATE TABLE audit_head (
    only_row BIGINT NOT NULL PRIMARY KEY CHECK (only_row = 1),
    seq BIGINT NOT NULL,
    hash BLOB NOT NULL
);

CREATE TABLE keys (
    id TEXT NOT NULL PRIMARY KEY,
    name TEXT NOT NULL,
    role TEXT NOT NULL,
    hash TEXT NOT NULL UNIQUE,
    created_at BIGINT NOT NULL,
    revoked_at BIGINT,
    used_at BIGINT
);

CREATE TABLE sign_ins (
    hash TEXT NOT NULL PRIMARY KEY,
    role TEXT NOT NULL,
    name TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    redeemed_at BIGINT
);

CREATE TABLE sessions (
    hash TEXT NOT NULL PRIMARY KEY,
    role TEXT NOT NULL,
    name TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
);
