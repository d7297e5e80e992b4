-- Whether an account had less than its threshold when a node last looked; unknown until then.
CREATE TABLE low_balances (
    account bytea NOT NULL,
    currency text NOT NULL,
    low boolean NOT NULL,
    PRIMARY KEY (account, currency)
);
