-- What the journal says, row by row: filled by `swan-hub tabulate`, read by people, and by nothing else.
CREATE TABLE ledger_accounts (
    number INTEGER PRIMARY KEY,
    name TEXT NOT NULL,
    currency TEXT NOT NULL,
    UNIQUE (name, currency)
) STRICT;
CREATE TABLE ledger_entries (
    seq INTEGER PRIMARY KEY,
    at_ms INTEGER NOT NULL,
    rule TEXT NOT NULL,
    request BLOB,
    policy TEXT,
    model TEXT,
    prompt_tokens INTEGER,
    completion_tokens INTEGER,
    note TEXT
) STRICT;
-- An amount is units + micros / 10^6 + picos / 10^12: SQLite has no decimals, and sums of three small numbers stay whole and exact.
CREATE TABLE ledger_transfers (
    seq INTEGER NOT NULL,
    place INTEGER NOT NULL,
    id BLOB NOT NULL,
    kind TEXT NOT NULL,
    hold BLOB,
    debit INTEGER NOT NULL,
    credit INTEGER NOT NULL,
    units INTEGER NOT NULL,
    micros INTEGER NOT NULL CHECK (micros BETWEEN 0 AND 999999),
    picos INTEGER NOT NULL CHECK (picos BETWEEN 0 AND 999999),
    PRIMARY KEY (seq, place)
) STRICT, WITHOUT ROWID;
CREATE INDEX ledger_holds ON ledger_transfers (id) WHERE kind = 'pending';
CREATE VIEW entries_readable AS SELECT seq AS entry, strftime('%Y-%m-%dT%H:%M:%fZ', at_ms / 1000.0, 'unixepoch') AS at, rule,
    lower(substr(hex(request), 1, 8) || '-' || substr(hex(request), 9, 4) || '-' || substr(hex(request), 13, 4) || '-' ||
        substr(hex(request), 17, 4) || '-' || substr(hex(request), 21)) AS request,
    policy, model, prompt_tokens, completion_tokens, note FROM ledger_entries;
CREATE VIEW transfers_readable AS SELECT t.seq AS entry, t.place, lower(hex(t.id)) AS id, t.kind, lower(hex(t.hold)) AS hold,
    d.name AS debit, c.name AS credit, d.currency, printf('%d.%06d%06d', t.units, t.micros, t.picos) AS amount
    FROM ledger_transfers t
    JOIN ledger_accounts d ON d.number = t.debit
    JOIN ledger_accounts c ON c.number = t.credit;
-- What each transfer does to its two accounts. One that ends a hold gives back what was held, of which a post moves its amount.
CREATE VIEW ledger_effects AS
WITH done AS (
    SELECT t.debit, t.credit, t.kind IN ('posted', 'post') AS posts,
        CASE t.kind WHEN 'posted' THEN 0 WHEN 'pending' THEN 1 ELSE -1 END AS holds, t.units, t.micros, t.picos,
        coalesce(h.units, t.units) AS held_units, coalesce(h.micros, t.micros) AS held_micros,
        coalesce(h.picos, t.picos) AS held_picos
    FROM ledger_transfers t
    LEFT JOIN ledger_transfers h ON t.kind = 'post' AND h.kind = 'pending' AND h.id = t.hold
)
SELECT debit AS account, 'debits_posted' AS what, units * posts AS units, micros * posts AS micros, picos * posts AS picos FROM done
UNION ALL SELECT credit, 'credits_posted', units * posts, micros * posts, picos * posts FROM done
UNION ALL SELECT debit, 'debits_pending', held_units * holds, held_micros * holds, held_picos * holds FROM done
UNION ALL SELECT credit, 'credits_pending', held_units * holds, held_micros * holds, held_picos * holds FROM done
UNION ALL SELECT debit, 'balance', -units * posts, -micros * posts, -picos * posts FROM done
UNION ALL SELECT credit, 'balance', units * posts, micros * posts, picos * posts FROM done;
-- Sums of accounts, and those of currencies, which have no account; each carried over and written as a decimal.
CREATE VIEW ledger_sums AS
WITH summed AS (
    SELECT account, what, sum(units) AS u, sum(micros) AS m, sum(picos) AS p FROM ledger_effects GROUP BY account, what
), named AS (
    SELECT a.name AS account, a.currency, s.what, s.u, s.m, s.p FROM summed s JOIN ledger_accounts a ON a.number = s.account
), listed AS (
    SELECT account, currency, what, u, m, p FROM named
    UNION ALL SELECT NULL, currency, what, sum(u), sum(m), sum(p) FROM named GROUP BY currency, what
), signed AS (
    -- Below zero as a whole, or not: what is below the units adds up to less than the units that it is divided into here.
    SELECT account, currency, what, u, m, p,
        iif(u + (m + (p - ((p % 1000000) + 1000000) % 1000000) / 1000000
            - (((m + (p - ((p % 1000000) + 1000000) % 1000000) / 1000000) % 1000000) + 1000000) % 1000000) / 1000000 < 0, -1, 1) AS sign
    FROM listed
), first AS (
    SELECT account, currency, what, sign, u * sign AS u, m * sign AS m, p * sign AS p,
        ((p * sign % 1000000) + 1000000) % 1000000 AS picos FROM signed
), second AS (
    SELECT account, currency, what, sign, u, m + (p - picos) / 1000000 AS m, picos FROM first
), third AS (
    SELECT account, currency, what, sign, u, m, ((m % 1000000) + 1000000) % 1000000 AS micros, picos FROM second
)
SELECT account, currency, what,
    printf('%s%d.%06d%06d', iif(sign < 0, '-', ''), u + (m - micros) / 1000000, micros, picos) AS amount FROM third;
CREATE VIEW balances_readable AS SELECT account, currency, coalesce(max(iif(what = 'debits_posted', amount, NULL)), '0.000000000000') AS debits_posted,
    coalesce(max(iif(what = 'credits_posted', amount, NULL)), '0.000000000000') AS credits_posted,
    coalesce(max(iif(what = 'debits_pending', amount, NULL)), '0.000000000000') AS debits_pending,
    coalesce(max(iif(what = 'credits_pending', amount, NULL)), '0.000000000000') AS credits_pending,
    coalesce(max(iif(what = 'balance', amount, NULL)), '0.000000000000') AS balance
    FROM ledger_sums WHERE account IS NOT NULL GROUP BY account, currency;
CREATE VIEW trial_balance_readable AS SELECT currency, (SELECT count(*) FROM ledger_accounts a WHERE a.currency = s.currency) AS accounts,
    coalesce(max(iif(what = 'debits_posted', amount, NULL)), '0.000000000000') AS debits_posted,
    coalesce(max(iif(what = 'credits_posted', amount, NULL)), '0.000000000000') AS credits_posted,
    coalesce(max(iif(what = 'debits_pending', amount, NULL)), '0.000000000000') AS debits_pending,
    coalesce(max(iif(what = 'credits_pending', amount, NULL)), '0.000000000000') AS credits_pending
    FROM ledger_sums s WHERE account IS NULL GROUP BY currency;
