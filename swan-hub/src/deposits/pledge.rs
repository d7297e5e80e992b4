//! Deposits of providers: they become collateral, and nobody's credit.

use swan_core::collateral::Source;
use swan_core::ledger::{Applied, DepositKind};

use super::Deposit;
use super::watch::{Ground, WatchError};
use crate::collateral::{self, CollateralError, Keeper, Scene, Wallet};

/// What became of a deposit that was to move.
pub(super) enum Pledged {
    Moved(Applied),
    /// The collateral of its provider does not take it.
    Refused(String),
}

impl Ground {
    fn keeper(&self) -> Keeper<'_> {
        Keeper {
            collateral: &self.collateral,
            store: &*self.store,
            books: &self.books,
            events: &*self.events,
            started: self.started,
        }
    }

    /// Moves a deposit of a provider into its collateral, or out of it.
    pub(super) async fn pledge(
        &self,
        deposit: &Deposit,
        kind: DepositKind,
    ) -> Result<Pledged, WatchError> {
        let whose = (deposit.provider, deposit.currency, deposit.amount);
        let (Some(provider), Some(currency), Some(amount)) = whose else {
            return Err(WatchError::unsound(deposit));
        };
        let by = deposit.evidence();
        let scene = Scene {
            provider,
            currency,
            policy: &self.policy,
            now: self.clock.now(),
            by: &by,
        };
        let keeper = self.keeper();
        if kind == DepositKind::Reversed {
            let why = format!("{} is no longer on the chain", deposit.id);
            let taken = scene.taken_back(deposit.reversal(), (deposit.credit(), amount), &why);
            return Ok(Pledged::Moved(keeper.record(taken).await?));
        }
        if self.books.is_shared() {
            let why = "collateral needs a hub that is alone on its store";
            return Ok(Pledged::Refused(why.into()));
        }
        let given = scene.deposit(collateral::Deposit {
            id: deposit.credit(),
            amount,
            source: Source::Chain(deposit.chain),
            topup: None,
            reference: format!("{}: {}", deposit.id, deposit.says()),
            wallet: Some(Wallet::of(deposit)),
        });
        match keeper.record(given).await {
            Ok(applied) if self.is_pledged(deposit).await? => Ok(Pledged::Moved(applied)),
            // It was written down after something that left it no room.
            Ok(_) | Err(CollateralError::Overtaken { .. }) => {
                Ok(Pledged::Refused("something else came first".into()))
            }
            Err(error @ (CollateralError::Refused(_) | CollateralError::Taken { .. })) => {
                Ok(Pledged::Refused(error.to_string()))
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Whether a deposit is collateral already, written down or booked.
    async fn is_pledged(&self, deposit: &Deposit) -> Result<bool, WatchError> {
        let (Some(provider), Some(currency)) = (deposit.provider, deposit.currency) else {
            return Ok(false);
        };
        let has = |bond: &collateral::Bond| bond.deposits.contains_key(&deposit.credit());
        let keeper = self.keeper();
        Ok(keeper.look(provider, currency, has).await?.unwrap_or(false))
    }

    /// Whether the money of a deposit that is being credited has moved, or is bound to.
    pub(super) async fn has_moved(&self, deposit: &Deposit) -> Result<bool, WatchError> {
        match deposit.provider {
            Some(_) => self.is_pledged(deposit).await,
            // Another hub may be about to book it whose turn is over.
            None if self.books.is_shared() => Ok(deposit.amount.is_some()),
            None => Ok(self.books.knows(deposit.credit())),
        }
    }
}
