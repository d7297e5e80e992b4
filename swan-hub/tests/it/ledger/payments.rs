//! Payments by card in the books: nobody spends what the card processor has taken back.

use std::sync::Arc;

use swan_core::ledger::{Applied, PaymentKind, PaymentRecord, PaymentTerms};
use swan_core::{Currency, TopupId, TransferId};
use swan_hub::ledger::{Books, LedgerError};
use swan_hub::store::MemoryStore;

use super::{ACCOUNT, audit, charge, funded, grant, open, pico, request};

const USD: Currency = Currency::Usd;

pub(crate) fn terms(id: u128, kind: PaymentKind, amount: i128) -> PaymentTerms {
    PaymentTerms {
        id: TransferId::from_u128(id),
        kind,
        account: ACCOUNT,
        currency: USD,
        amount: pico(amount),
        record: PaymentRecord {
            topup: TopupId::from_u128(9),
            object: "pi_1".into(),
            told_by: "event evt_1".into(),
        },
    }
}

fn stands(books: &Books) -> (i128, i128, bool) {
    let available = books.available(ACCOUNT, USD).pico();
    let owed = books.shortfall(ACCOUNT, USD).pico();
    (available, owed, books.is_frozen(ACCOUNT))
}

#[tokio::test(start_paused = true)]
async fn what_is_taken_back_and_spent_is_owed_until_it_is_made_good() {
    let store = Arc::new(MemoryStore::new());
    let books = funded(store.clone(), 100).await;
    let _ = books
        .pay(&terms(2, PaymentKind::Topup, 1_000))
        .await
        .unwrap();
    let spent = books.hold(request(10, 700)).unwrap();
    spent.settle(charge(700)).unwrap().durable().await.unwrap();
    let running = books.hold(request(11, 300)).unwrap();

    for expected in [Applied::Created, Applied::Exists] {
        let taken = books.pay(&terms(3, PaymentKind::Reversal, 1_000)).await;
        assert_eq!(taken.unwrap(), expected);
        assert_eq!(stands(&books), (0, 900, true));
    }
    let refused = books.hold(request(12, 1)).unwrap_err();
    assert!(matches!(refused, LedgerError::Frozen), "{refused}");

    running.release("over");
    assert_eq!(stands(&books), (0, 600, true), "what is given back is owed");
    grant(&books, 4, 500).await.unwrap();
    assert_eq!(stands(&books), (0, 100, true));
    books.flush().await.unwrap();
    books.close().await.unwrap();

    let (books, _) = open(store.clone()).await.unwrap();
    assert_eq!(stands(&books), (0, 100, true), "a restart forgets no debt");
    let won = terms(5, PaymentKind::ReversalReturned, 1_000);
    let _ = books.pay(&won).await.unwrap();
    assert_eq!(stands(&books), (900, 0, false));
    let _hold = books.hold(request(13, 900)).unwrap();
    assert_eq!(books.audit(), []);
    assert!(audit(&*store).await.is_clean());
}

#[tokio::test(start_paused = true)]
async fn a_refund_takes_no_more_than_there_is_and_each_id_counts_once() {
    let store = Arc::new(MemoryStore::new());
    let books = funded(store, 1).await;
    let _ = books.pay(&terms(2, PaymentKind::Topup, 500)).await.unwrap();
    let hold = books.hold(request(10, 400)).unwrap();
    let refused = books.pay(&terms(3, PaymentKind::Refund, 102)).await;
    assert!(
        matches!(refused, Err(LedgerError::InsufficientFunds { available, .. }) if available == pico(101)),
        "what runs is not refunded"
    );
    let _ = books
        .pay(&terms(3, PaymentKind::Refund, 101))
        .await
        .unwrap();
    let other = books.pay(&terms(3, PaymentKind::Refund, 100)).await;
    assert!(matches!(other, Err(LedgerError::Duplicate)));
    hold.release("over");
    let _ = books
        .pay(&terms(4, PaymentKind::RefundReturned, 101))
        .await
        .unwrap();
    assert_eq!(stands(&books), (501, 0, false));
}
