use proptest::prelude::*;
use swan_core::ledger::{JournalAudit, entries};
use swan_core::{AccountId, Currency, Policy, RequestId, Timestamp, TransferId};

use super::*;

fn whole() -> JournalRecord {
    let (account, currency) = (AccountId::from_u128(1), Currency::Usd);
    let terms = entries::HoldTerms {
        request: RequestId::from_u128(2),
        account,
        currency,
        amount: "1".parse().unwrap(),
        expires: Timestamp::from_millis(99),
        policy: Some(Policy::swan_2_0().stamp().clone()),
        extended: 0,
    };
    let id = TransferId::from_u128(3);
    let groups = [
        entries::grant(id, account, currency, "5".parse().unwrap(), "test"),
        entries::hold(&terms),
        entries::release(&terms, "test".into()),
    ];
    let at = Timestamp::from_millis(7);
    let entries = groups
        .into_iter()
        .zip(1..)
        .map(|(group, seq)| Entry { seq, at, group });
    encode(&entries.collect::<Vec<_>>()).unwrap()
}

/// The record with a check sum that fits its content again.
fn resealed(mut record: JournalRecord) -> JournalRecord {
    let (head, content) = record.body.split_at_mut(1 + SUM_BYTES);
    head[1..].copy_from_slice(&check_sum(content));
    record
}

proptest! {
    /// A file may hold anything, under a check sum that fits: it is read or refused, and never more than that.
    #[test]
    fn changed_content_is_read_or_refused(
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
    ) {
        let mut record = whole();
        for (place, byte) in changes {
            let content = &mut record.body[1 + SUM_BYTES..];
            *place.get_mut(content) = byte;
        }
        if let Ok(entries) = decode(&resealed(record)) {
            let mut audit = JournalAudit::new();
            entries.iter().for_each(|entry| audit.observe(entry));
            prop_assert_eq!(audit.finish().entries, 3);
        }
    }

    #[test]
    fn any_content_is_read_or_refused(content in prop::collection::vec(any::<u8>(), 0..400)) {
        let mut record = whole();
        record.body.truncate(1 + SUM_BYTES);
        record.body.extend(content);
        let _ = decode(&resealed(record));
    }

    #[test]
    fn bytes_without_a_check_sum_are_refused(
        body in prop::collection::vec(any::<u8>(), 0..64), first_seq: u64, count: u32,
    ) {
        let record = JournalRecord { first_seq, count, body };
        prop_assert!(decode(&record).is_err());
    }
}
