-- Scans are claimed as they came: one whose node died goes on before what was received after it,
-- and not behind everything that waited when its lease ended.
DROP INDEX scans_due;
CREATE INDEX scans_queued ON scans (id, due_at) WHERE status = 'queued';
