-- What was last done with a terminal, to whom it went and whose place it took. Its state is not a
-- column: it follows from the step and from what the registry said to the step's event.
ALTER TABLE terminals ADD COLUMN step TEXT NOT NULL DEFAULT 'bind' CHECK (step IN
    ('see', 'verify', 'stock_in', 'bind', 'swap', 'unbind', 'replace', 'retire'));
ALTER TABLE terminals ADD COLUMN merchant BLOB;
ALTER TABLE terminals ADD COLUMN replaces BLOB;

-- Why the operation of an accepted scan was not carried out, if it was not.
ALTER TABLE scans ADD COLUMN forbidden TEXT;

-- The order in which work is claimed, so that a claim reads what it takes and no more, however much
-- waits. An index that begins with the status would be taken in their place wherever nothing is known
-- about how the statuses are spread, and then each claim reads the whole queue.
DROP INDEX scans_status;
DROP INDEX scans_due;
CREATE INDEX scans_due ON scans (due_at, id) WHERE status = 'queued';
CREATE INDEX scans_review ON scans (id) WHERE status = 'review';
DROP INDEX deliveries_status;
DROP INDEX deliveries_due;
CREATE INDEX deliveries_due ON deliveries (due_at, event_id) WHERE status = 'queued';
CREATE INDEX deliveries_created ON deliveries (created_at, event_id);
