-- What providers have earned at each node since ever, which its journal has. Amounts are in 10^-12 of their currency.
CREATE TABLE earned (
    node text NOT NULL,
    provider bytea NOT NULL,
    currency text NOT NULL,
    amount numeric(39, 0) NOT NULL CHECK (amount >= 0),
    PRIMARY KEY (node, provider, currency)
);
CREATE INDEX earned_by_provider ON earned (provider, currency);
CREATE VIEW earned_readable AS SELECT node, 'prov-' || encode(provider, 'hex') AS provider, currency, amount * 0.000000000001 AS amount
    FROM earned;
-- What nodes had earned that have ended is told by whoever ends them once more.
UPDATE nodes SET cleared = false;
