-- What stands of a terminal is its merchant, its terminal number and its site since some time. `step` is
-- copied into a column without a list of words: there are more of them.
ALTER TABLE terminals ADD COLUMN stands TEXT NOT NULL DEFAULT 'see';
UPDATE terminals SET stands = step;
ALTER TABLE terminals DROP COLUMN step;
ALTER TABLE terminals RENAME COLUMN stands TO step;
-- A photo without an operation counted as a bind to nobody: the terminal was registered, and no more.
UPDATE terminals SET step = 'register' WHERE step = 'bind' AND merchant IS NULL;
ALTER TABLE terminals ADD COLUMN tid BLOB;
ALTER TABLE terminals ADD COLUMN site BLOB;
ALTER TABLE terminals ADD COLUMN since BIGINT;
UPDATE terminals SET since = updated_at;
-- Events of its own, and steps: a swap is a step of two terminals and an event of one.
ALTER TABLE terminals ADD COLUMN sequence BIGINT NOT NULL DEFAULT 0;
ALTER TABLE terminals ADD COLUMN steps BIGINT NOT NULL DEFAULT 0;

-- What each event made of each device it tells of, in order: what stands again if the registry refuses
-- what came after.
CREATE TABLE steps (
    id TEXT NOT NULL PRIMARY KEY,
    device TEXT NOT NULL,
    number BIGINT NOT NULL,
    event_id TEXT NOT NULL,
    standing BLOB NOT NULL,
    at BIGINT NOT NULL
);
CREATE UNIQUE INDEX steps_device ON steps (device, number);
CREATE INDEX steps_event ON steps (event_id);

-- What stood when a photo changed nothing.
ALTER TABLE scans ADD COLUMN nothing_new BLOB;
-- A serial that somebody typed and somebody else is to look at; what a decision replaced, while it can be
-- undone.
ALTER TABLE scans ADD COLUMN proposal BLOB;
ALTER TABLE scans ADD COLUMN undo BLOB;
-- The operation that a delivery tells of; older ones do not say.
ALTER TABLE deliveries ADD COLUMN operation TEXT;
