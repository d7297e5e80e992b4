use proptest::prelude::*;
use swan_core::ledger::{Account, Entry, Ledger, entries};
use swan_core::{AccountId, Currency};

use super::super::{SpendingLog, codec};
use super::*;
use crate::store::MemoryStore;

const ACCOUNT: AccountId = AccountId::from_u128(1);

fn pico(pico: i128) -> Amount {
    Amount::from_pico(pico).unwrap()
}

/// Grants and holds at these times, in records of so many entries, with a snapshot after one of them.
async fn store(steps: &[u64], record: usize, snapshot: usize) -> (MemoryStore, Vec<Entry>) {
    let store = MemoryStore::new();
    let (mut ledger, mut all, mut now) = (Ledger::new(), Vec::new(), 0);
    for (number, step) in (1_u64..).zip(steps) {
        now += step;
        let at = Timestamp::from_millis(now);
        let account = AccountId::from_u128(1 + u128::from(number % 2));
        let id = TransferId::from_u128(u128::from(number));
        let amount = pico(i128::from(number));
        let group = entries::grant(id, account, Currency::Usd, amount, "x");
        let _ = ledger.apply(&group, at).unwrap();
        all.push(Entry {
            seq: number,
            at,
            group,
        });
        if all.len() == snapshot {
            let picture = ledger.snapshot(at);
            super::super::snapshots::put(&store, number, picture, &SpendingLog::default()).await;
        }
    }
    for chunk in all.chunks(record) {
        store.append(&codec::encode(chunk).unwrap()).await.unwrap();
    }
    (store, all)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    #[test]
    fn pages_together_are_what_a_walk_over_all_entries_finds(
        steps in prop::collection::vec(0_u64..4, 1..60),
        (record, snapshot, limit) in (1_usize..9, 0_usize..70, 1_usize..9),
        (from, to) in (0_u64..130, 0_u64..130),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let (store, all) = store(&steps, record, snapshot).await;
            let account = Account::Consumer(ACCOUNT).in_currency(Currency::Usd);
            let (from, to) = (Timestamp::from_millis(from), Timestamp::from_millis(to));
            let own = |entry: &&Entry| entry.group.transfers[0].credit == account;
            let sum = |until: Timestamp| {
                let before = all.iter().filter(own).filter(|entry| entry.at < until);
                pico(before.map(|entry| i128::from(entry.seq)).sum())
            };
            let expected: Vec<u64> = all
                .iter()
                .filter(own)
                .filter(|entry| (from..to.max(from)).contains(&entry.at))
                .map(|entry| entry.seq)
                .collect();
            let mut query = StatementQuery { account, from, to, from_entry: None, limit };
            let (mut found, mut balance) = (Vec::new(), sum(from));
            loop {
                let page = statement(&store, &query).await.unwrap();
                assert_eq!(page.opening, balance);
                assert!(page.lines.len() <= limit);
                for line in &page.lines {
                    balance = balance.checked_add(line.amount).unwrap();
                    assert_eq!(line.balance, balance);
                }
                assert_eq!(page.closing, balance);
                found.extend(page.lines.iter().map(|line| line.entry));
                query.from_entry = page.next;
                if page.next.is_none() {
                    break;
                }
            }
            assert_eq!(found, expected);
            assert_eq!(balance, sum(to.max(from)));
        });
    }
}
