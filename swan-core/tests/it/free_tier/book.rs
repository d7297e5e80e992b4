use swan_core::free_tier::{FreeTierBook, Limit};
use swan_core::{AccountId, Policy};

use super::{at, model, noon};

const ONE: AccountId = AccountId::from_u128(1);
const TWO: AccountId = AccountId::from_u128(2);
const THREE: AccountId = AccountId::from_u128(3);

#[test]
fn each_account_has_its_own_limits() {
    let policy = Policy::swan_2_0();
    let qwen = model(&policy, "qwen3:8b");
    let mut book = FreeTierBook::new(10);
    assert!(book.is_empty());
    let one = book.admit(&policy, noon(), ONE, &qwen, 50_000).unwrap();
    let two = book.admit(&policy, noon(), TWO, &qwen, 50_000).unwrap();
    assert_eq!((one.account(), two.account(), book.len()), (ONE, TWO, 2));
    assert_eq!(book.settle(one, 50_000), Ok(50_000));
    assert_eq!(book.cancel(two), Ok(()));
    let refused = book.admit(&policy, at(1), ONE, &qwen, 1).unwrap_err();
    assert_eq!(refused.limit(), Limit::TokensPerDay);
    assert!(book.admit(&policy, at(1), TWO, &qwen, 1).is_ok());
}

#[test]
fn an_account_is_forgotten_when_it_is_as_a_new_one() {
    let policy = Policy::swan_2_0();
    let qwen = model(&policy, "qwen3:8b");
    let mut book = FreeTierBook::new(10);
    let one = book.admit(&policy, noon(), ONE, &qwen, 10).unwrap();
    let two = book.admit(&policy, noon(), TWO, &qwen, 10).unwrap();
    let three = book.admit(&policy, noon(), THREE, &qwen, 10).unwrap();
    book.cancel(one).unwrap();
    book.settle(two, 10).unwrap();
    let look =
        |book: &FreeTierBook| [ONE, TWO, THREE].map(|account| book.account(account).is_some());
    // A refusal tells the book the time and adds nobody.
    let dear = model(&policy, "qwen3:32b");
    let tell = |book: &mut FreeTierBook, now| {
        let stranger = AccountId::from_u128(9);
        assert!(book.admit(&policy, now, stranger, &dear, 1).is_err());
        look(book)
    };
    assert_eq!(tell(&mut book, at(59_999)), [true, true, true]);
    assert_eq!(
        tell(&mut book, at(60_000)),
        [false, true, true],
        "it used nothing, and its minute is over"
    );
    let midnight = noon().day().end();
    assert_eq!(
        tell(&mut book, midnight),
        [false, false, true],
        "what runs is never forgotten"
    );
    book.settle(three, 10).unwrap();
    assert_eq!(tell(&mut book, midnight), [false, false, false]);
    // Yesterday's clock finds no second helping of yesterday: the book's day goes on.
    let back = book.admit(&policy, noon(), TWO, &qwen, 10).unwrap();
    assert_eq!(back.day(), midnight.day());
    book.cancel(back).unwrap();
}

#[test]
fn a_full_book_refuses_newcomers_and_says_until_when() {
    let policy = Policy::swan_2_0();
    let qwen = model(&policy, "qwen3:8b");
    let mut book = FreeTierBook::new(1);
    let one = book.admit(&policy, noon(), ONE, &qwen, 10).unwrap();
    let refused = book.admit(&policy, noon(), TWO, &qwen, 10).unwrap_err();
    assert_eq!((refused.limit(), refused.resets()), (Limit::Accounts, None));
    assert_eq!(refused.retry_after_secs(), Some(1));
    book.cancel(one).unwrap();
    let refused = book.admit(&policy, at(10), TWO, &qwen, 10).unwrap_err();
    assert_eq!(
        (refused.resets(), refused.retry_after_secs()),
        (Some(at(60_000)), Some(60))
    );
    assert!(book.admit(&policy, at(60_000), TWO, &qwen, 10).is_ok());
    assert_eq!(book.len(), 1);
}

#[test]
fn a_pass_of_another_book_is_refused() {
    let policy = Policy::swan_2_0();
    let qwen = model(&policy, "qwen3:8b");
    let (mut here, mut there) = (FreeTierBook::new(10), FreeTierBook::new(10));
    let pass = there.admit(&policy, noon(), ONE, &qwen, 10).unwrap();
    assert_eq!(here.settle(pass, 10).unwrap_err().account, ONE);
    assert!(here.is_empty());
}
