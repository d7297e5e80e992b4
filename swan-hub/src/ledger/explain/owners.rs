//! Whose money an explanation tells of, and what of it each of them sees.

use swan_core::ledger::{Account, Entry, Rule};
use swan_core::{AccountId, ProviderId};

use super::facts::{Explanation, Step};

/// Whose money moved. A charge has both.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Owners {
    pub(crate) account: Option<AccountId>,
    pub(crate) provider: Option<ProviderId>,
}

/// Who asks.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Asker {
    Administrator,
    Account(AccountId),
    Provider(ProviderId),
}

impl Owners {
    pub(super) fn of(entries: &[Entry]) -> Self {
        let transfers = entries.iter().flat_map(|entry| &entry.group.transfers);
        let mut owners = Self::default();
        for transfer in transfers {
            for account in [transfer.debit.account, transfer.credit.account] {
                owners.add(account);
            }
        }
        owners
    }

    /// The owners of these accounts.
    pub(crate) fn of_accounts(accounts: [Account; 2]) -> Self {
        let mut owners = Self::default();
        for account in accounts {
            owners.add(account);
        }
        owners
    }

    fn add(&mut self, account: Account) {
        match account {
            Account::Consumer(id) | Account::Shortfall(id) | Account::Shared(id) => {
                self.account.get_or_insert(id);
            }
            Account::ProviderEarnings(id)
            | Account::PayingOut(id)
            | Account::Collateral(id)
            | Account::CollateralLocked(id)
            | Account::CollateralImpounded(id)
            | Account::CollateralLeaving(id)
            | Account::CollateralOwed(id) => {
                self.provider.get_or_insert(id);
            }
            _ => {}
        }
    }

    /// Whether it is for this one to know.
    pub(crate) fn admit(&self, asker: Asker) -> bool {
        match asker {
            Asker::Administrator => true,
            Asker::Account(id) => self.account == Some(id),
            Asker::Provider(id) => self.provider == Some(id),
        }
    }
}

impl Explanation {
    /// What of it this one sees; `None` when it is somebody else's, so that ids tell nothing.
    pub(crate) fn seen_by(self, asker: Asker) -> Option<Self> {
        if !self.owners.admit(asker) {
            return None;
        }
        match asker {
            Asker::Provider(id) if self.request.is_some() => Some(self.of_share(id)),
            _ => Some(self),
        }
    }

    /// A request as the provider sees it that was paid for it: the charge and its own share, and nothing of the consumer.
    fn of_share(mut self, provider: ProviderId) -> Self {
        let own = provider.to_string();
        let is_own = |account: &str| account.ends_with(&own);
        for step in &mut self.steps {
            step.transfers
                .retain(|one| is_own(&one.debit) || is_own(&one.credit));
            if step.rule == Rule::Charge.as_str() {
                step.says = earned(step);
            }
        }
        self.steps.retain(|step| !step.transfers.is_empty());
        self.attempts.clear();
        if let Some(charge) = &mut self.charge {
            (charge.held, charge.given_back) = (None, None);
            charge
                .arithmetic
                .retain(|line| !line.ends_with("given back"));
        }
        self
    }
}

fn earned(step: &Step) -> String {
    let share = step.transfers.first();
    share.map_or_else(String::new, |one| {
        format!("{} {} earned of the charge", one.amount, one.currency)
    })
}
