//! Whose a deposit is and what it is worth.

use swan_core::collateral::Source;
use swan_core::pricing::SwanIncentive;
use swan_core::{Currency, ProviderId};

use super::reference::{DepositOwner, owner_of};
use super::watch::Ground;
use super::{Bonus, Deposit, DepositState, Unmatched};
use crate::store::{KeyKind, KeyRing, Store, StoreError};

/// The most deposits on a chain that the collateral of a provider takes in one currency: half of all that it takes, so that a stranger
/// who sends it nothing a thousand times keeps no card away.
const PLEDGES_MAX: usize = swan_core::collateral::CollateralAccount::DEPOSITS_MAX / 2;

/// Whether the hub knows this provider: by a key, or by the user who has become it.
pub(super) async fn is_provider(
    (store, keys): (&dyn Store, &KeyRing),
    id: ProviderId,
) -> Result<bool, StoreError> {
    let has_key = !keys.of_owner(KeyKind::Provider(id)).is_empty();
    Ok(has_key || store.users().user_by_provider(id).await?.is_some())
}

impl Ground {
    /// Decides whose a deposit is and what it is worth.
    pub(super) async fn judge(
        &self,
        deposit: &mut Deposit,
        is_backed: bool,
    ) -> Result<(), StoreError> {
        let judged = match self.worth(deposit, is_backed) {
            Ok(currency) => self.owner(deposit, currency).await?,
            Err(why) => Err(why),
        };
        match judged {
            Ok(owner) => {
                deposit.belong_to(Some(owner));
                deposit.state = DepositState::Crediting;
                deposit.why = None;
            }
            Err(why) => {
                deposit.belong_to(None);
                deposit.state = DepositState::Unmatched;
                deposit.why = Some(why);
            }
        }
        Ok(())
    }

    /// What the policy in force gives on top of deposits in this currency. It is written down with the deposit, so that what is
    /// booked later, or taken back, is the same whatever the policy has become.
    fn bonus_in(&self, currency: Currency) -> Option<Bonus> {
        match (currency, self.policy.payment().swan()) {
            (Currency::Swan, SwanIncentive::DepositBonus(bonus)) => Some(Bonus {
                bps: bonus.points().get(),
                policy: self.policy.stamp().clone(),
            }),
            _ => None,
        }
    }

    fn worth(&self, deposit: &mut Deposit, is_backed: bool) -> Result<Currency, Unmatched> {
        let token = self.options.token(deposit.token_address);
        let token = token.ok_or(Unmatched::UnknownToken)?;
        deposit.token = Some(token.symbol.clone());
        deposit.currency = Some(token.currency);
        let converted = token.convert(deposit.units).ok_or(Unmatched::OutOfRange)?;
        deposit.amount = Some(converted.amount);
        deposit.dust = converted.dust;
        deposit.bonus = self.bonus_in(token.currency);
        if converted.amount.is_zero() {
            return Err(Unmatched::BelowPico);
        }
        if !is_backed {
            return Err(Unmatched::NoTransfer);
        }
        Ok(token.currency)
    }

    async fn owner(
        &self,
        deposit: &Deposit,
        currency: Currency,
    ) -> Result<Result<DepositOwner, Unmatched>, StoreError> {
        let assigned = deposit.owner().filter(|_| deposit.assigned_by.is_some());
        let owner = match (assigned, deposit.reference) {
            (Some(owner), _) => owner,
            (None, None) => return Ok(Err(Unmatched::PlainTransfer)),
            (None, Some(word)) => {
                match owner_of(self.options.chain, self.options.contract, &word) {
                    Some(owner) => owner,
                    None => return Ok(Err(Unmatched::UnknownReference)),
                }
            }
        };
        Ok(match owner {
            DepositOwner::Account(account) if self.keys.account(account).is_none() => {
                Err(Unmatched::UnknownAccount)
            }
            DepositOwner::Provider(id) => {
                if !is_provider((&*self.store, &self.keys), id).await? {
                    Err(Unmatched::UnknownProvider)
                } else if !self.pledges(id, currency) {
                    Err(Unmatched::CollateralRefused)
                } else {
                    Ok(owner)
                }
            }
            DepositOwner::Account(_) => Ok(owner),
        })
    }

    /// Whether the collateral of a provider takes another deposit.
    fn pledges(&self, provider: ProviderId, currency: Currency) -> bool {
        let on_chain = self.collateral.look(provider, currency, |bond| {
            let arrived = bond.account.arrived().into_iter();
            arrived
                .filter(|one| matches!(one.2, Source::Chain(_)))
                .count()
        });
        self.policy.collateral().is_ok() && on_chain.unwrap_or(0) < PLEDGES_MAX
    }
}
