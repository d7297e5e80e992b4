-- Several hubs on one database: each is a node with a journal of its own. The node of a hub that is alone has no name.
ALTER TABLE journal ADD COLUMN node text NOT NULL DEFAULT '';
ALTER TABLE journal DROP CONSTRAINT journal_pkey, ADD PRIMARY KEY (node, first_seq);
ALTER TABLE snapshots ADD COLUMN node text NOT NULL DEFAULT '';
ALTER TABLE snapshots DROP CONSTRAINT snapshots_pkey, ADD PRIMARY KEY (node, seq, part);
ALTER TABLE idempotency ADD COLUMN node text NOT NULL DEFAULT '';
-- The epoch is the fencing token: it changes with each who takes the node's lease, and every write names its own.
CREATE TABLE nodes (
    id text PRIMARY KEY CHECK (id <> ''),
    epoch bigint NOT NULL,
    until timestamptz NOT NULL,
    cleared boolean NOT NULL
);
-- Amounts are in 10^-12 of their currency. For each account: what is granted = what is free + the slices of all nodes.
CREATE TABLE grants (
    id bytea PRIMARY KEY,
    account bytea NOT NULL,
    currency text NOT NULL,
    amount numeric(39, 0) NOT NULL CHECK (amount > 0),
    note text NOT NULL,
    given timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE TABLE funds (
    account bytea NOT NULL,
    currency text NOT NULL,
    free numeric(39, 0) NOT NULL CHECK (free >= 0),
    PRIMARY KEY (account, currency)
);
CREATE TABLE slices (
    node text NOT NULL,
    account bytea NOT NULL,
    currency text NOT NULL,
    amount numeric(39, 0) NOT NULL CHECK (amount >= 0),
    spent numeric(39, 0) NOT NULL CHECK (spent >= 0 AND spent <= amount),
    question bigint NOT NULL,
    PRIMARY KEY (node, account, currency)
);
-- A function, since each of its statements sees what was committed while the one before it waited for a lock. NULL for a node
-- that is fenced off, and for a question that a later one has overtaken.
CREATE FUNCTION reach(of_node text, of_epoch bigint, of_question bigint, of_account bytea, of_currency text, has numeric, paid numeric, need numeric, want numeric)
RETURNS numeric LANGUAGE plpgsql AS $$
DECLARE
    unspent numeric;
    latest bigint;
    drawn numeric;
    more numeric;
BEGIN
    PERFORM FROM nodes WHERE id = of_node AND epoch = of_epoch FOR SHARE;
    IF NOT FOUND THEN
        RETURN NULL;
    END IF;
    SELECT free INTO unspent FROM funds WHERE account = of_account AND currency = of_currency FOR UPDATE;
    IF NOT FOUND THEN
        RETURN 0;
    END IF;
    SELECT amount, question INTO drawn, latest FROM slices WHERE node = of_node AND account = of_account AND currency = of_currency;
    IF latest > of_question THEN
        RETURN NULL;
    END IF;
    unspent := unspent + coalesce(drawn, 0) - has;
    more := greatest(least(need, unspent), least(want, div(unspent, 4)), 0);
    UPDATE funds SET free = unspent - more WHERE account = of_account AND currency = of_currency;
    INSERT INTO slices (node, account, currency, amount, spent, question)
        VALUES (of_node, of_account, of_currency, has + more, paid, of_question)
        ON CONFLICT (node, account, currency) DO UPDATE SET amount = excluded.amount, spent = excluded.spent, question = excluded.question;
    RETURN has + more;
END $$;
CREATE VIEW funds_readable AS SELECT 'acc-' || encode(account, 'hex') AS account, currency, free * 0.000000000001 AS free FROM funds;
CREATE VIEW slices_readable AS SELECT node, 'acc-' || encode(account, 'hex') AS account, currency, amount * 0.000000000001 AS amount,
    spent * 0.000000000001 AS spent FROM slices;
