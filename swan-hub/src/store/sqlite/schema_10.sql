-- Tokens that have come in on a chain, and how far each chain has been read.
CREATE TABLE deposits (
    id BLOB PRIMARY KEY,
    revision INTEGER NOT NULL CHECK (revision > 0),
    chain INTEGER NOT NULL,
    block INTEGER NOT NULL,
    account BLOB,
    created_ms INTEGER NOT NULL,
    phase TEXT NOT NULL,
    body TEXT NOT NULL
) STRICT;
CREATE INDEX deposits_by_account ON deposits (account, created_ms, id) WHERE account IS NOT NULL;
CREATE INDEX deposits_by_time ON deposits (created_ms, id);
CREATE INDEX deposits_by_phase ON deposits (phase, created_ms, id);
CREATE INDEX deposits_by_block ON deposits (chain, block, id);
CREATE TABLE chains (
    chain INTEGER PRIMARY KEY,
    revision INTEGER NOT NULL CHECK (revision > 0),
    body TEXT NOT NULL
) STRICT;
