-- The serials that are expected. `import` names the import that a serial came with last, so that one
-- that replaces the list knows what to remove; `look_key` finds the serials that look alike; `place`
-- is the serial's place in the list that it came with first.
CREATE TABLE estate (
    serial_key TEXT NOT NULL PRIMARY KEY,
    look_key TEXT NOT NULL,
    entry BLOB NOT NULL,
    import TEXT NOT NULL,
    added_at BIGINT NOT NULL,
    place BIGINT NOT NULL
);
CREATE INDEX estate_look ON estate (look_key);
CREATE INDEX estate_order ON estate (added_at, place, serial_key);

-- Numbers that are known to be no serials and the first two devices that they were seen on: a number
-- on two devices tells neither from the other, or that both are one.
CREATE TABLE beside (
    value_key TEXT NOT NULL,
    device TEXT NOT NULL,
    kind TEXT NOT NULL,
    PRIMARY KEY (value_key, device)
);
