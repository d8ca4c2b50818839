-- The numbers of seal keys that were given out, so that nodes with key files of their own never give
-- one number to two keys.
CREATE TABLE seal_keys (number BIGINT NOT NULL PRIMARY KEY);

-- One number that is raised to see whether anything can be written.
CREATE TABLE probe (
    only_row BIGINT NOT NULL PRIMARY KEY CHECK (only_row = 1),
    n BIGINT NOT NULL
);
INSERT INTO probe (only_row, n) VALUES (1, 0);
