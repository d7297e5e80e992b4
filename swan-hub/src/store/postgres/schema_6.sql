-- Tokens that have come in on a chain, and how far each chain has been read. The bodies are JSON, whose amounts are decimal strings.
CREATE TABLE deposits (
    id bytea PRIMARY KEY,
    revision bigint NOT NULL CHECK (revision > 0),
    chain bigint NOT NULL,
    block bigint NOT NULL,
    account bytea,
    created_ms bigint NOT NULL,
    phase text NOT NULL,
    body text NOT NULL
);
CREATE INDEX deposits_by_account ON deposits (account, created_ms, id) WHERE account IS NOT NULL;
CREATE INDEX deposits_by_time ON deposits (created_ms, id);
CREATE INDEX deposits_by_phase ON deposits (phase, created_ms, id);
CREATE INDEX deposits_by_block ON deposits (chain, block, id);
CREATE TABLE chains (
    chain bigint PRIMARY KEY,
    revision bigint NOT NULL CHECK (revision > 0),
    body text NOT NULL
);
CREATE VIEW deposits_readable AS SELECT 'dep-' || encode(id, 'hex') AS id, 'acc-' || encode(account, 'hex') AS account, chain, block, phase,
    to_timestamp(created_ms / 1000.0) AS created, body::json ->> 'state' AS state, (body::json ->> 'amount')::numeric AS amount,
    body::json ->> 'currency' AS currency, body::json ->> 'token' AS token, body::json ->> 'transaction' AS transaction FROM deposits;
