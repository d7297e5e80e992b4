//! Movements of money that no request causes: by a hub that is alone in its own books, by one of several in the till that they keep
//! together.

use swan_core::ledger::{Account, AccountKey, Applied, Balance, Group, Rule, entries};
use swan_core::{AccountId, Amount, Currency, ProviderId, TransferId};

use super::till::{self, TRIES, overtaken};
use super::{Books, LedgerError};
use crate::store::{PoolGrant, StoreError};

/// How far was read what others have booked; of a hub that is alone there is nobody else.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Mark(Option<till::Mark>);

impl Books {
    /// Applies a group that moves money at once; with the same ids it happens once. Answers when it survives a crash.
    ///
    /// # Errors
    /// When nothing new is taken, the hub shares its funds with others, or the ledger refuses it.
    pub(crate) async fn post(&self, group: Group) -> Result<Applied, LedgerError> {
        let amounts = group.transfers.iter().map(|transfer| transfer.amount);
        let amount = amounts.fold(Amount::ZERO, Amount::max);
        let now = self.shared.clock.now();
        let (applied, seq) = {
            let mut core = self.shared.core.lock();
            self.shared.check_open(&core, group.cause.rule)?;
            core.commit(group, now)
                .map_err(|rejected| LedgerError::refused(rejected, amount))?
        };
        self.settled(seq).durable().await?;
        Ok(applied)
    }

    /// Reads what other hubs have booked. What is decided on by that is posted with [`Books::post_at`].
    ///
    /// # Errors
    /// When the store cannot serve.
    pub(crate) async fn read_on(&self) -> Result<Mark, StoreError> {
        match &self.shared.drawing {
            Some(drawing) => drawing.till.read_on().await.map(Some).map(Mark),
            None => Ok(Mark(None)),
        }
    }

    /// As [`Books::post`], of a group that was decided on by what was read up to `mark`. `None` when another hub has booked something
    /// since: then it is to be decided anew.
    ///
    /// # Errors
    /// As [`Books::post`].
    pub(crate) async fn post_at(
        &self,
        mark: Mark,
        group: Group,
    ) -> Result<Option<Applied>, LedgerError> {
        let (Some(drawing), Mark(Some(mark))) = (&self.shared.drawing, mark) else {
            return self.post(group).await.map(Some);
        };
        self.shared.check_serving(&self.shared.core.lock())?;
        drawing.till.book(mark, group, None).await
    }

    /// Brings to where payouts are booked what a provider has earned at all hubs.
    ///
    /// # Errors
    /// When the store cannot serve.
    pub(crate) async fn gather_earnings(
        &self,
        provider: ProviderId,
        currency: Currency,
    ) -> Result<(), LedgerError> {
        let Some(drawing) = &self.shared.drawing else {
            return Ok(());
        };
        drawing.earned.tell(&*drawing.pool).await?;
        drawing.till.take_over(provider, currency).await
    }

    /// Makes earnings into credit of the provider's own account, once for each id.
    ///
    /// # Errors
    /// [`LedgerError::InsufficientFunds`], and as [`Books::post`].
    pub(crate) async fn credit_earnings(
        &self,
        (id, provider, account): (TransferId, ProviderId, AccountId),
        (currency, amount): (Currency, Amount),
    ) -> Result<Applied, LedgerError> {
        let Some(drawing) = &self.shared.drawing else {
            let group = entries::earnings_to_credit(id, provider, account, currency, amount);
            return self.post(group).await;
        };
        self.shared.check_serving(&self.shared.core.lock())?;
        self.gather_earnings(provider, currency).await?;
        let note = format!("earnings of {provider}");
        let credit = PoolGrant::new(id, (account, currency), amount, &note);
        for _ in 0..TRIES {
            let mark = drawing.till.read_on().await?;
            let group = entries::earnings_to_shared(id, provider, account, currency, amount);
            if let Some(applied) = drawing.till.book(mark, group, Some(&credit)).await? {
                drawing.expect_more(Account::Consumer(account).in_currency(currency));
                return Ok(applied);
            }
        }
        Err(overtaken())
    }

    /// Whether a group of this rule would be taken now, for those who write something down before.
    ///
    /// # Errors
    /// As [`Books::post`].
    pub(crate) fn takes(&self, rule: Rule) -> Result<(), LedgerError> {
        self.shared.check_open(&self.shared.core.lock(), rule)
    }

    /// Whether these books share their funds with others.
    pub(crate) fn is_shared(&self) -> bool {
        self.shared.drawing.is_some()
    }

    /// The sides and the amount of a transfer that moved money at once, if it is remembered; of what hubs have booked together as far
    /// as it was read.
    pub(crate) fn moved(&self, id: TransferId) -> Option<(AccountKey, AccountKey, Amount)> {
        let own = self.read(|ledger| ledger.moved(id));
        own.or_else(|| {
            let till = &self.shared.drawing.as_ref()?.till;
            till.look(|ledger| ledger.moved(id))
        })
    }

    /// What a provider could be paid now, as far as it was gathered.
    pub(crate) fn owed(&self, provider: ProviderId, currency: Currency) -> Amount {
        match &self.shared.drawing {
            None => self.earnings(provider, currency).available(),
            Some(drawing) => {
                let of = Account::ProviderEarnings(provider).in_currency(currency);
                drawing.till.look(|ledger| ledger.available(&of))
            }
        }
    }

    /// What a provider has earned at all hubs, and what of it has left its earnings; of a hub that is alone it is [`Books::earnings`].
    ///
    /// # Errors
    /// When the store cannot serve.
    pub async fn earnings_everywhere(
        &self,
        provider: ProviderId,
        currency: Currency,
    ) -> Result<Balance, LedgerError> {
        let Some(drawing) = &self.shared.drawing else {
            return Ok(self.earnings(provider, currency));
        };
        let of = Account::ProviderEarnings(provider).in_currency(currency);
        drawing.till.read_on().await?;
        let [told, own] = drawing.pool.earned(of).await?;
        let till = drawing.till.look(|ledger| ledger.balance(&of));
        // What was taken over is what nodes have earned, and what came back besides are payouts that were not paid.
        let sums = [drawing.earned.sum(of), till.credits_posted];
        let less = [own, drawing.till.taken_over(of)];
        let add = |all: Amount, more: Amount| all.checked_add(more).unwrap_or(Amount::MAX);
        let all = sums.into_iter().fold(told, add);
        let all = less.into_iter().fold(all, |all, part| {
            all.checked_sub(part).unwrap_or(Amount::ZERO)
        });
        let mut everywhere = till;
        everywhere.credits_posted = all;
        Ok(everywhere)
    }

    /// The same for whoever looks; while the store is away, what is known here.
    pub(crate) async fn earnings_shown(&self, provider: ProviderId, currency: Currency) -> Balance {
        let everywhere = self.earnings_everywhere(provider, currency).await;
        everywhere.unwrap_or_else(|_| self.earnings(provider, currency))
    }
}
