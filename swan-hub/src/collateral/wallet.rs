//! Where collateral by chain has come from, so that whoever pays it back knows where to.

use serde::{Deserialize, Serialize};
use swan_core::collateral::Source;
use swan_core::{DepositId, TransferId};

use super::bond::Bond;
use crate::deposits::{self, Address, Hash};

/// Where a deposit by chain has come from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Wallet {
    /// The deposit as the watch of the chain knows it.
    pub(crate) deposit: DepositId,
    /// Who paid.
    pub(crate) address: Address,
    /// In which token.
    pub(crate) token: String,
    pub(crate) transaction: Hash,
}

impl Wallet {
    pub(crate) fn of(deposit: &deposits::Deposit) -> Self {
        Self {
            deposit: deposit.id,
            address: deposit.from,
            token: deposit.token_name(),
            transaction: deposit.transaction,
        }
    }
}

/// Wallets that are named in full.
const NAMED: usize = 4;

/// From which wallets came what a withdrawal pays out by hand; `None` when none did.
pub(super) fn came_from(bond: &Bond, withdrawal: TransferId) -> Option<String> {
    let parts = bond.account.parts();
    let by_hand = parts.filter(|part| part.withdrawal == withdrawal && !part.to_card);
    let named = by_hand.filter_map(|part| {
        let wallet = bond.deposits.get(&part.deposit)?.wallet.as_ref()?;
        let Source::Chain(chain) = part.source else {
            return None;
        };
        let (address, amount, token) = (wallet.address, part.amount, &wallet.token);
        Some(format!(
            "{address} on chain {chain}, from where {amount} came in {token}"
        ))
    });
    let mut all: Vec<String> = named.collect();
    let more = all.len().saturating_sub(NAMED);
    all.truncate(NAMED);
    if more > 0 {
        all.push(format!("{more} more"));
    }
    (!all.is_empty()).then(|| all.join("; "))
}

#[cfg(test)]
mod tests {
    use swan_core::{Currency, Policy, ProviderId, Timestamp};

    use super::super::acts::{Deposit, Scene};
    use super::*;

    #[test]
    fn whoever_pays_back_by_hand_is_told_from_where_it_came() {
        let policy = Policy::swan_2_0();
        let scene = Scene {
            provider: ProviderId::from_u128(1),
            currency: Currency::Usd,
            policy: &policy,
            now: Timestamp::from_millis(1),
            by: "a test",
        };
        let mut bond = Bond::new(scene.provider, scene.currency);
        for n in 1..=6_u8 {
            let wallet = Wallet {
                deposit: DepositId::from_u128(n.into()),
                address: Address::new([n; 20]),
                token: "USDC".into(),
                transaction: Hash::new([n; 32]),
            };
            let given = Deposit {
                id: TransferId::from_u128(n.into()),
                amount: "5".parse().unwrap(),
                source: Source::Chain(254),
                topup: None,
                reference: String::new(),
                wallet: (n > 1).then_some(wallet),
            };
            let _moved = bond.apply(&scene.deposit(given)).unwrap();
        }
        for (number, amount, expected) in [
            (1_u128, "7.5", 2),
            // Of the youngest first; the oldest has no wallet.
            (2, "22.5", 4),
        ] {
            let id = TransferId::from_u128(0x100 + number);
            let amount = Some(amount.parse().unwrap());
            let asked = scene.request(&bond, id, amount).unwrap();
            let _moved = bond.apply(&asked).unwrap();
            let now = bond.account.withdrawal().unwrap().ready_at;
            let due = Scene { now, ..scene };
            let _moved = bond.apply(&due.confirm(id)).unwrap();
            let told = came_from(&bond, id).unwrap();
            assert_eq!(told.split("; ").count(), expected, "{told}");
        }
        let first = came_from(&bond, TransferId::from_u128(0x101)).unwrap();
        let six = "0x0606060606060606060606060606060606060606";
        let five = "0x0505050505050505050505050505050505050505";
        let expected = format!(
            "{six} on chain 254, from where 5 came in USDC; {five} on chain 254, from where 2.5 came in USDC"
        );
        assert_eq!(first, expected);
    }
}
