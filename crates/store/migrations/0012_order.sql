-- Events are told in the order of the steps of every terminal that they tell of, and no clock decides it.
ALTER TABLE deliveries ADD COLUMN step BIGINT NOT NULL DEFAULT 0;
ALTER TABLE deliveries ADD COLUMN other TEXT;
ALTER TABLE deliveries ADD COLUMN other_step BIGINT;
-- What has no steps, of earlier releases, comes before what has, in the order of its time.
UPDATE deliveries SET step = - (SELECT COUNT(*) FROM deliveries newer WHERE newer.status = 'queued'
    AND newer.device = deliveries.device
    AND (newer.created_at > deliveries.created_at
    OR (newer.created_at = deliveries.created_at AND newer.event_id > deliveries.event_id)))
    WHERE status = 'queued';
UPDATE deliveries SET step = (SELECT number FROM steps WHERE steps.event_id = deliveries.event_id
    AND steps.device = deliveries.device)
    WHERE EXISTS (SELECT 1 FROM steps WHERE steps.event_id = deliveries.event_id
    AND steps.device = deliveries.device);
UPDATE deliveries SET
    other = (SELECT device FROM steps WHERE steps.event_id = deliveries.event_id
    AND steps.device <> deliveries.device),
    other_step = (SELECT number FROM steps WHERE steps.event_id = deliveries.event_id
    AND steps.device <> deliveries.device);
DROP INDEX deliveries_order;
CREATE INDEX deliveries_order ON deliveries (device, step) WHERE status = 'queued';
CREATE INDEX deliveries_other ON deliveries (other, other_step)
    WHERE status = 'queued' AND other IS NOT NULL;

-- Owners take turns, and of one owner's scans the first that came is the next.
DROP INDEX scans_queued;
CREATE INDEX scans_queued ON scans (owner, id, due_at) WHERE status = 'queued';
