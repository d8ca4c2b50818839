-- Who looks at a scan under review, and until when nobody else gets it. A time without a holder
-- puts the scan aside for everybody.
ALTER TABLE scans ADD COLUMN review_by TEXT;
ALTER TABLE scans ADD COLUMN review_until BIGINT;

-- The overview counts the scans of the last days.
CREATE INDEX scans_created ON scans (created_at);

-- The last day of a terminal's warranty, as YYYY-MM-DD.
ALTER TABLE terminals ADD COLUMN warranty_until TEXT;

CREATE TABLE maintenance (
    id TEXT NOT NULL PRIMARY KEY,
    device TEXT NOT NULL,
    entry BLOB NOT NULL,
    by_whom TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    changed_at BIGINT NOT NULL
);
CREATE INDEX maintenance_device ON maintenance (device);
