//! What moves between a node and the funds that it shares with others, and between nodes and the till that they keep together.

use super::{Account, Cause, Detail, Group, Kind, Rule, Transfer};
use crate::{AccountId, Amount, Currency, ProviderId, TransferId};

/// Brings `amount` of a consumer's funds to this node, out of what all nodes share.
#[must_use]
pub fn draw(id: TransferId, account: AccountId, currency: Currency, amount: Amount) -> Group {
    let sides = (Account::Slice(account), Account::Consumer(account));
    moved(id, Rule::Draw, sides, currency, amount)
}

/// Gives back what was drawn and not spent.
#[must_use]
pub fn give_back_slice(
    id: TransferId,
    account: AccountId,
    currency: Currency,
    amount: Amount,
) -> Group {
    let sides = (Account::Consumer(account), Account::Slice(account));
    moved(id, Rule::Return, sides, currency, amount)
}

/// Takes over into the till what a provider has earned at the nodes.
#[must_use]
pub fn take_over_earnings(
    id: TransferId,
    provider: ProviderId,
    currency: Currency,
    amount: Amount,
) -> Group {
    let sides = (
        Account::Earned(provider),
        Account::ProviderEarnings(provider),
    );
    moved(id, Rule::Draw, sides, currency, amount)
}

/// The same movement at the till of several hubs: what consumers get or give by it is of the funds that the hubs share.
#[must_use]
pub fn at_the_till(mut group: Group) -> Group {
    let transfers = group.transfers.iter_mut();
    for side in transfers.flat_map(|one| [&mut one.debit.account, &mut one.credit.account]) {
        if let Account::Consumer(id) = *side {
            *side = Account::Shared(id);
        }
    }
    group
}

/// The account of a hub that is alone whose place this one takes at the till.
pub(super) const fn alone(account: Account) -> Account {
    match account {
        Account::Shared(id) => Account::Consumer(id),
        account => account,
    }
}

fn moved(
    id: TransferId,
    rule: Rule,
    (debit, credit): (Account, Account),
    currency: Currency,
    amount: Amount,
) -> Group {
    let transfer = Transfer {
        id,
        kind: Kind::Posted,
        debit: debit.in_currency(currency),
        credit: credit.in_currency(currency),
        amount,
    };
    let cause = Cause {
        rule,
        request: None,
        policy: None,
        detail: Detail::None,
    };
    Group {
        transfers: vec![transfer],
        cause,
    }
}
