-- The numbers of seal keys that were given out, so that nodes with key files of their own never give
-- one number to two keys.
CREATE TABLE seal_keys (number BIGINT NOT NULL PRIMARY KEY);
