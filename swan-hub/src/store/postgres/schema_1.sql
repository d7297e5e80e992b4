CREATE TABLE journal (
    first_seq bigint PRIMARY KEY CHECK (first_seq > 0),
    count int NOT NULL CHECK (count > 0),
    body bytea NOT NULL
);
CREATE TABLE snapshots (
    seq bigint NOT NULL,
    part bigint NOT NULL,
    parts bigint NOT NULL CHECK (parts > part),
    body bytea NOT NULL,
    PRIMARY KEY (seq, part)
);
CREATE TABLE keys (
    id bytea PRIMARY KEY,
    hash bytea NOT NULL UNIQUE,
    kind text NOT NULL,
    owner bytea,
    name text NOT NULL,
    created_ms bigint NOT NULL,
    revoked_ms bigint,
    limits text
);
CREATE TABLE accounts (
    id bytea PRIMARY KEY,
    name text NOT NULL,
    created_ms bigint NOT NULL,
    limits text
);
CREATE TABLE providers (
    id bytea PRIMARY KEY,
    name text NOT NULL,
    created_ms bigint NOT NULL,
    last_seen_ms bigint
);
-- Amounts are in 10^-12 of their currency.
CREATE TABLE inbox (
    number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    id bytea NOT NULL UNIQUE,
    sent_ms bigint NOT NULL,
    kind text NOT NULL,
    account bytea,
    currency text,
    amount numeric(39, 0),
    note text,
    answer text
);
CREATE INDEX inbox_pending ON inbox (number) WHERE answer IS NULL;
CREATE VIEW inbox_readable AS SELECT number, encode(id, 'hex') AS id, to_timestamp(sent_ms / 1000.0) AS sent, kind,
    'acc-' || encode(account, 'hex') AS account, currency, amount * 0.000000000001 AS amount, note, answer FROM inbox;
CREATE TABLE users (
    id bytea PRIMARY KEY,
    email text NOT NULL UNIQUE,
    display_name text NOT NULL,
    password text NOT NULL,
    account bytea NOT NULL,
    provider bytea UNIQUE,
    created_ms bigint NOT NULL
);
CREATE TABLE sessions (
    token bytea PRIMARY KEY,
    user_id bytea NOT NULL,
    created_ms bigint NOT NULL,
    expires_ms bigint NOT NULL
);
CREATE INDEX sessions_user ON sessions (user_id, created_ms);
CREATE INDEX sessions_expiry ON sessions (expires_ms);
CREATE TABLE profiles (
    provider bytea PRIMARY KEY,
    owner text,
    worker text,
    beneficiary text,
    description text NOT NULL,
    contact text NOT NULL,
    hardware text NOT NULL,
    review_requested_ms bigint
);
CREATE TABLE generations (
    id bytea PRIMARY KEY,
    body bytea NOT NULL
);
CREATE TABLE generation_index (
    account bytea NOT NULL,
    id bytea NOT NULL,
    PRIMARY KEY (account, id)
);
CREATE INDEX generation_index_by_id ON generation_index (id);
CREATE TABLE generation_size (bytes bigint NOT NULL);
INSERT INTO generation_size (bytes) VALUES (0);
CREATE TABLE idempotency (
    key bytea PRIMARY KEY,
    expires_ms bigint NOT NULL,
    body bytea NOT NULL
);
-- Counts the changes of keys, accounts, providers and commands, so that a hub notices those of others.
CREATE TABLE changes (number bigint NOT NULL);
INSERT INTO changes (number) VALUES (0);
