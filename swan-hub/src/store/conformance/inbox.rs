//! The inbox through which other processes reach the hub that keeps the books.

use swan_core::ledger::entries::ExchangeSide;
use swan_core::{AccountId, Amount, Currency, ProviderId, TransferId};

use super::at;
use crate::store::{Command, CommandKind, ExchangeOrder, PayoutOrder, Store};

pub(super) async fn commands_are_answered_once(store: &dyn Store) {
    for id in [3, 1, 2] {
        store.push_command(&grant(id, "1")).await.unwrap();
    }
    store
        .push_command(&grant(1, "2"))
        .await
        .expect("a repeat is no error");
    let pending = store.pending_commands(10).await.unwrap();
    assert_eq!(
        pending,
        [grant(3, "1"), grant(1, "1"), grant(2, "1")],
        "in the order they came"
    );
    assert_eq!(store.pending_commands(1).await.unwrap(), [grant(3, "1")]);

    store.answer_command(1, "ok").await.unwrap();
    store.answer_command(1, "changed").await.unwrap();
    store
        .answer_command(99, "nobody")
        .await
        .expect("nothing to answer");
    assert_eq!(
        store.pending_commands(10).await.unwrap(),
        [grant(3, "1"), grant(2, "1")]
    );
    let stored = store.command(1).await.unwrap().unwrap();
    assert_eq!(
        (stored.command, stored.answer.as_deref()),
        (grant(1, "1"), Some("ok"))
    );
    assert_eq!(store.command(3).await.unwrap().unwrap().answer, None);
    assert_eq!(store.command(99).await.unwrap(), None);
    store.push_command(&grant(1, "1")).await.unwrap();
    let left = store.pending_commands(10).await.unwrap();
    assert_eq!(left.len(), 2, "what was answered does not come back");
}

pub(super) async fn commands_without_a_sum_come_back_too(store: &dyn Store) {
    let (id, sent, kind) = (7, at(4), CommandKind::Refresh);
    let refresh = Command { id, sent, kind };
    store.push_command(&refresh).await.unwrap();
    assert_eq!(store.pending_commands(1).await.unwrap(), [refresh]);
    store.answer_command(7, "ok").await.unwrap();
    let payout = TransferId::from_u128(8);
    let orders = [
        PayoutOrder::Request {
            provider: ProviderId::from_u128(5),
            currency: Currency::Usd,
            amount: "12.000000000001".parse().unwrap(),
            destination: Some("a \"wallet\" \u{1F9A2}".into()),
        },
        PayoutOrder::Paid {
            payout,
            reference: "0x77".into(),
        },
        PayoutOrder::Failed {
            payout,
            reason: "no such wallet".into(),
        },
        PayoutOrder::Cancelled { payout },
    ];
    for (id, order) in (10..).zip(orders) {
        let kind = CommandKind::Payout(order);
        let command = Command { id, sent, kind };
        store.push_command(&command).await.unwrap();
        assert_eq!(store.pending_commands(1).await.unwrap(), [command]);
        store.answer_command(id, "ok").await.unwrap();
    }
}

pub(super) async fn orders_of_the_exchange_come_back(store: &dyn Store) {
    let (sent, sides) = (at(4), [ExchangeSide::Outside, ExchangeSide::Treasury]);
    for (id, (is_funded, side)) in (20..).zip([true, false].into_iter().zip(sides)) {
        let kind = CommandKind::Exchange(ExchangeOrder {
            is_funded,
            side,
            currency: Currency::Swan,
            amount: "12.000000000001".parse().unwrap(),
            note: "a \"purse\" \u{1F9A2}".into(),
        });
        let command = Command { id, sent, kind };
        store.push_command(&command).await.unwrap();
        assert_eq!(store.pending_commands(1).await.unwrap(), [command]);
        store.answer_command(id, "ok").await.unwrap();
    }
}

pub(super) async fn amounts_come_back_exactly(store: &dyn Store) {
    let amounts = [
        "0",
        "0.000000000001",
        "-0.000000000001",
        "1000000000000000",
        "-1000000000000000",
    ];
    for (id, amount) in (0..).zip(amounts) {
        store.push_command(&grant(id, amount)).await.unwrap();
        let stored = store.command(id).await.unwrap().unwrap();
        assert_eq!(stored.command, grant(id, amount));
    }
}

pub(super) fn grant(id: u128, amount: &str) -> Command {
    let amount: Amount = amount.parse().unwrap();
    let account = AccountId::from_u128(5);
    let kind = CommandKind::Grant {
        account,
        currency: Currency::Swan,
        amount,
        note: "n".into(),
    };
    Command {
        id,
        sent: at(3),
        kind,
    }
}
