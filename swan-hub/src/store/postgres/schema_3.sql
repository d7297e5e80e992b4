-- Orders to pay something in by card. The body is JSON, whose amounts are decimal strings.
CREATE TABLE topups (
    id bytea PRIMARY KEY,
    revision bigint NOT NULL CHECK (revision > 0),
    account bytea NOT NULL,
    created_ms bigint NOT NULL,
    due_ms bigint,
    body text NOT NULL
);
CREATE INDEX topups_by_account ON topups (account, created_ms, id);
CREATE INDEX topups_by_time ON topups (created_ms, id);
CREATE INDEX topups_due ON topups (due_ms, id) WHERE due_ms IS NOT NULL;
CREATE VIEW topups_readable AS SELECT 'top-' || encode(id, 'hex') AS id, 'acc-' || encode(account, 'hex') AS account,
    to_timestamp(created_ms / 1000.0) AS created, to_timestamp(due_ms / 1000.0) AS due, body::json ->> 'state' AS state,
    (body::json ->> 'amount')::numeric AS amount, body::json ->> 'currency' AS currency,
    body::json ->> 'payment' AS payment FROM topups;
