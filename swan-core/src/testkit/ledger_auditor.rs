use std::collections::BTreeMap;

use crate::ledger::{Account, Ledger};
use crate::{AccountId, Amount, Currency, ProviderId, RequestId, Timestamp};

/// Something that happens to money, as a person would say it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "a test must decide about each")]
pub enum MoneyEvent {
    /// Credit is given; the number is the grant's id.
    Grant(u128, AccountId, Currency, Amount),
    /// A request sets funds aside until a time.
    Hold(RequestId, AccountId, Currency, Amount, Timestamp),
    /// So much in all is to be set aside for a request that runs, until this time; never less than before.
    Extend(RequestId, Amount, Timestamp),
    /// A request is charged; the parts are provider, growth fund, treasury and burn.
    Settle(RequestId, ProviderId, [Amount; 4]),
    /// A request ends without a charge.
    Release(RequestId),
    /// Time has come to be this.
    Time(Timestamp),
}

/// What must become of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "a test must decide about each")]
pub enum Verdict {
    /// It happens.
    Done,
    /// It happened before, exactly so.
    Repeat,
    /// It must not happen.
    Refused,
}

/// Predicts what must become of every event and every balance, by other means than the ledger: plain sums in plain maps.
///
/// It shares no code with [`Ledger`] but the names of accounts.
#[derive(Clone, Debug, Default)]
pub struct LedgerAuditor {
    now: u64,
    grants: BTreeMap<u128, (AccountId, Currency, i128)>,
    funds: BTreeMap<(AccountId, Currency), i128>,
    charged: BTreeMap<(AccountId, Currency), i128>,
    earned: BTreeMap<(ProviderId, Currency), i128>,
    fund: BTreeMap<Currency, [i128; 3]>,
    requests: BTreeMap<RequestId, Request>,
}

#[derive(Clone, Debug)]
struct Request {
    account: AccountId,
    currency: Currency,
    held: i128,
    expires: u64,
    /// Amount and expiry as they were at first.
    first: (i128, u64),
    end: Option<End>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum End {
    Charged(ProviderId, [Amount; 4]),
    Released,
    Expired,
}

impl LedgerAuditor {
    /// Takes note of an event and says what must become of it.
    pub fn observe(&mut self, event: &MoneyEvent) -> Verdict {
        match event {
            MoneyEvent::Grant(id, account, currency, amount) => {
                self.grant(*id, *account, *currency, amount.pico())
            }
            MoneyEvent::Hold(request, account, currency, amount, expires) => {
                let held = amount.pico();
                let (account, currency, expires) = (*account, *currency, expires.as_millis());
                self.hold(
                    *request,
                    Request {
                        account,
                        currency,
                        held,
                        expires,
                        first: (held, expires),
                        end: None,
                    },
                )
            }
            MoneyEvent::Extend(request, amount, expires) => {
                self.extend(*request, amount.pico(), expires.as_millis())
            }
            MoneyEvent::Settle(request, provider, parts) => {
                self.settle(*request, *provider, *parts)
            }
            MoneyEvent::Release(request) => self.release(*request),
            MoneyEvent::Time(now) => {
                self.now = self.now.max(now.as_millis());
                for request in self.requests.values_mut() {
                    if request.end.is_none() && request.expires <= self.now {
                        request.end = Some(End::Expired);
                    }
                }
                Verdict::Done
            }
        }
    }

    /// What an account has that no request holds.
    #[must_use]
    pub fn available(&self, account: AccountId, currency: Currency) -> i128 {
        let funds = self.funds.get(&(account, currency)).copied().unwrap_or(0);
        funds - self.charged_to(account, currency) - self.held(account, currency)
    }

    /// Every balance of `ledger` that is not as predicted, in words.
    #[must_use]
    pub fn differences(&self, ledger: &Ledger) -> Vec<String> {
        let mut differences = Vec::new();
        let mut expect = |what: String, found: Amount, expected: i128| {
            if found.pico() != expected {
                differences.push(format!(
                    "{what}: found {}, expected {expected}",
                    found.pico()
                ));
            }
        };
        for ((account, currency), funds) in &self.funds {
            let balance = ledger.balance(&Account::Consumer(*account).in_currency(*currency));
            let charged = self.charged_to(*account, *currency);
            expect(
                format!("{account} {currency} balance"),
                balance.posted(),
                funds - charged,
            );
            let held = self.held(*account, *currency);
            expect(
                format!("{account} {currency} held"),
                balance.debits_pending,
                held,
            );
        }
        for ((provider, currency), earned) in &self.earned {
            let key = Account::ProviderEarnings(*provider).in_currency(*currency);
            expect(
                format!("{provider} {currency}"),
                ledger.balance(&key).posted(),
                *earned,
            );
        }
        for currency in Currency::ALL {
            let given = self.funds.iter().filter(|((_, c), _)| *c == currency);
            let given: i128 = given.map(|(_, funds)| funds).sum();
            let grants = ledger.balance(&Account::Grants.in_currency(currency));
            expect(format!("grants {currency}"), grants.posted(), -given);
            let fund = self.fund.get(&currency).copied().unwrap_or_default();
            for (account, expected) in [Account::GrowthFund, Account::Treasury, Account::Burn]
                .into_iter()
                .zip(fund)
            {
                let found = ledger.balance(&account.in_currency(currency)).posted();
                expect(format!("{account} {currency}"), found, expected);
            }
        }
        let open = self
            .requests
            .values()
            .filter(|request| request.end.is_none())
            .count();
        if ledger.pending_count() != open {
            differences.push(format!(
                "holds: found {}, expected {open}",
                ledger.pending_count()
            ));
        }
        differences
    }

    fn grant(&mut self, id: u128, account: AccountId, currency: Currency, pico: i128) -> Verdict {
        if let Some(earlier) = self.grants.get(&id) {
            let same = *earlier == (account, currency, pico);
            return if same {
                Verdict::Repeat
            } else {
                Verdict::Refused
            };
        }
        if pico <= 0 {
            return Verdict::Refused;
        }
        self.grants.insert(id, (account, currency, pico));
        *self.funds.entry((account, currency)).or_default() += pico;
        Verdict::Done
    }

    fn hold(&mut self, id: RequestId, new: Request) -> Verdict {
        if let Some(old) = self.requests.get(&id) {
            let same =
                (old.account, old.currency, old.first) == (new.account, new.currency, new.first);
            return if same {
                Verdict::Repeat
            } else {
                Verdict::Refused
            };
        }
        let short = self.available(new.account, new.currency) < new.held;
        if short || new.held <= 0 || new.expires <= self.now {
            return Verdict::Refused;
        }
        self.requests.insert(id, new);
        Verdict::Done
    }

    fn extend(&mut self, id: RequestId, held: i128, expires: u64) -> Verdict {
        let Some(request) = self.requests.get(&id) else {
            return Verdict::Refused;
        };
        let (account, currency) = (request.account, request.currency);
        let more = (held - request.held).max(0);
        let is_open = request.end.is_none() && request.expires.max(expires) > self.now;
        if !is_open || self.available(account, currency) < more {
            return Verdict::Refused;
        }
        if let Some(request) = self.requests.get_mut(&id) {
            request.held += more;
            request.expires = request.expires.max(expires);
        }
        Verdict::Done
    }

    fn settle(&mut self, id: RequestId, provider: ProviderId, parts: [Amount; 4]) -> Verdict {
        let gross: i128 = parts.iter().map(|part| part.pico()).sum();
        let Some(request) = self.requests.get_mut(&id) else {
            return Verdict::Refused;
        };
        if let Some(end) = &request.end {
            // Who served is no part of what moves when there is nothing to earn.
            let same = match end {
                End::Charged(who, earlier) => {
                    *earlier == parts && (*who == provider || parts[0].is_zero())
                }
                End::Released | End::Expired => false,
            };
            return if same {
                Verdict::Repeat
            } else {
                Verdict::Refused
            };
        }
        if gross > request.held {
            return Verdict::Refused;
        }
        request.end = Some(End::Charged(provider, parts));
        let (account, currency) = (request.account, request.currency);
        *self.charged.entry((account, currency)).or_default() += gross;
        let [share, rest @ ..] = parts;
        *self.earned.entry((provider, currency)).or_default() += share.pico();
        let fund = self.fund.entry(currency).or_default();
        for (sum, part) in fund.iter_mut().zip(rest) {
            *sum += part.pico();
        }
        Verdict::Done
    }

    fn release(&mut self, id: RequestId) -> Verdict {
        let Some(request) = self.requests.get_mut(&id) else {
            return Verdict::Refused;
        };
        match request.end {
            Some(End::Released) => Verdict::Repeat,
            Some(_) => Verdict::Refused,
            None => {
                request.end = Some(End::Released);
                Verdict::Done
            }
        }
    }

    fn charged_to(&self, account: AccountId, currency: Currency) -> i128 {
        self.charged.get(&(account, currency)).copied().unwrap_or(0)
    }

    fn held(&self, account: AccountId, currency: Currency) -> i128 {
        let open = self.requests.values().filter(|request| {
            request.end.is_none() && request.account == account && request.currency == currency
        });
        open.map(|request| request.held).sum()
    }
}
