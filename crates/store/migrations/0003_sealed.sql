-- How the rows are sealed: one row, written when the tables are first used. Opening them with other keys
-- or with none is refused by it.
CREATE TABLE sealing (
    only_row BIGINT NOT NULL PRIMARY KEY CHECK (only_row = 1),
    mark TEXT NOT NULL
);

-- A reason is a registry's own words and may name a serial, so it is sealed like the rest.
ALTER TABLE deliveries DROP COLUMN why;
ALTER TABLE deliveries ADD COLUMN why BLOB;
