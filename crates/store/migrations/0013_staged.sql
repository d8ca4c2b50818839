-- A list that is being imported, until all of it is there and takes its place at once. What an import
-- leaves that was cut off is removed by a later one.
CREATE TABLE estate_staged (
    import TEXT NOT NULL,
    serial_key TEXT NOT NULL,
    look_key TEXT NOT NULL,
    entry BLOB NOT NULL,
    place BIGINT NOT NULL,
    staged_at BIGINT NOT NULL,
    PRIMARY KEY (import, serial_key)
);
