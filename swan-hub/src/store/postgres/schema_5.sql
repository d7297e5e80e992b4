-- What the journals of all nodes say, row by row: filled by `swan-hub tabulate`, read by people, and by nothing else.
CREATE TABLE ledger_accounts (
    number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name text NOT NULL,
    currency text NOT NULL,
    UNIQUE (name, currency)
);
CREATE TABLE ledger_entries (
    node text NOT NULL,
    seq bigint NOT NULL,
    at_ms bigint NOT NULL,
    rule text NOT NULL,
    request bytea,
    policy text,
    model text,
    prompt_tokens bigint,
    completion_tokens bigint,
    note text,
    PRIMARY KEY (node, seq)
);
CREATE TABLE ledger_transfers (
    node text NOT NULL,
    seq bigint NOT NULL,
    place bigint NOT NULL,
    id bytea NOT NULL,
    kind text NOT NULL,
    hold bytea,
    debit bigint NOT NULL,
    credit bigint NOT NULL,
    amount numeric(28, 12) NOT NULL,
    PRIMARY KEY (node, seq, place)
);
CREATE INDEX ledger_holds ON ledger_transfers (id) WHERE kind = 'pending';
CREATE VIEW entries_readable AS SELECT node, seq AS entry, to_timestamp(at_ms / 1000.0) AS at, rule,
    encode(request, 'hex')::uuid AS request, policy, model, prompt_tokens, completion_tokens, note FROM ledger_entries;
-- What was held is what a transfer that ends a hold gives back, of which a post moves its amount.
CREATE VIEW transfers_readable AS SELECT t.node, t.seq AS entry, t.place, encode(t.id, 'hex') AS id, t.kind,
    encode(t.hold, 'hex') AS hold, d.name AS debit, c.name AS credit, d.currency, t.amount,
    CASE WHEN t.kind IN ('posted', 'post') THEN t.amount ELSE 0 END AS posted,
    CASE t.kind WHEN 'posted' THEN 0 WHEN 'pending' THEN t.amount ELSE -coalesce(h.amount, t.amount) END AS pending
    FROM ledger_transfers t
    JOIN ledger_accounts d ON d.number = t.debit
    JOIN ledger_accounts c ON c.number = t.credit
    LEFT JOIN ledger_transfers h ON t.kind = 'post' AND h.kind = 'pending' AND h.id = t.hold AND h.node = t.node;
CREATE VIEW balances_readable AS SELECT account, currency, sum(debits_posted) AS debits_posted,
    sum(credits_posted) AS credits_posted, sum(debits_pending) AS debits_pending, sum(credits_pending) AS credits_pending,
    sum(credits_posted) - sum(debits_posted) AS balance FROM (
        SELECT debit AS account, currency, posted AS debits_posted, 0 AS credits_posted,
            pending AS debits_pending, 0 AS credits_pending FROM transfers_readable
        UNION ALL SELECT credit, currency, 0, posted, 0, pending FROM transfers_readable
    ) AS sides GROUP BY account, currency;
CREATE VIEW trial_balance_readable AS SELECT currency, count(*) AS accounts, sum(debits_posted) AS debits_posted,
    sum(credits_posted) AS credits_posted, sum(debits_pending) AS debits_pending, sum(credits_pending) AS credits_pending
    FROM balances_readable GROUP BY currency;
