-- Photos of work that was done. An object of the photos' place has a row here or in scan_photos; whoever
-- asks by an object's name asks the view, which knows the photos that are kept.
CREATE TABLE maintenance_photos (
    id TEXT NOT NULL PRIMARY KEY,
    record_id TEXT NOT NULL REFERENCES maintenance (id),
    name TEXT NOT NULL,
    sha256 TEXT NOT NULL,
    bytes BIGINT NOT NULL,
    content_type TEXT NOT NULL,
    added_at BIGINT NOT NULL,
    removed_at BIGINT
);
CREATE UNIQUE INDEX maintenance_photos_name ON maintenance_photos (name);
CREATE INDEX maintenance_photos_record ON maintenance_photos (record_id, id);
CREATE INDEX maintenance_photos_kept ON maintenance_photos (added_at) WHERE removed_at IS NULL;
CREATE UNIQUE INDEX scan_photos_name ON scan_photos (name);
CREATE VIEW photos_kept AS
    SELECT name FROM scan_photos WHERE removed_at IS NULL
    UNION ALL
    SELECT name FROM maintenance_photos WHERE removed_at IS NULL;
