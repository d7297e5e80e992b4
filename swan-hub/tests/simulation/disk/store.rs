use std::sync::Arc;

use async_trait::async_trait;
use futures::FutureExt as _;
use parking_lot::Mutex;
use swan_core::{AccountId, KeyId, ProviderId, RequestId, Timestamp};
use swan_hub::KeyLimits;
use swan_hub::store::{
    AccountRecord, Command, Deposits, Documents, GenerationChunk, IdempotencyRecord, JournalRecord,
    KeyHash, KeyRecord, Lease, MemoryStore, ProviderRecord, SnapshotRecord, Store, StoreError,
    StoredCommand, Topups, Users,
};
use tokio::time::{self, Instant};

use super::weather::{Moment, Plan, Trouble, Weather};
use crate::dice::Dice;
use crate::life::Life;

/// What a process sees of the disk. The disk itself is a [`MemoryStore`], which stays when the process is gone.
#[derive(Clone, Debug)]
pub(crate) struct SimStore {
    pub(super) disk: MemoryStore,
    life: Arc<Life>,
    weather: Arc<Mutex<Weather>>,
}

impl SimStore {
    pub(crate) fn new(disk: MemoryStore, life: Arc<Life>, weather: Arc<Mutex<Weather>>) -> Self {
        Self {
            disk,
            life,
            weather,
        }
    }

    /// Until the call reaches the disk; an error when it does not.
    async fn reaches(&self, plan: &Plan) -> Result<(), StoreError> {
        if !plan.pause[0].is_zero() {
            time::sleep(plan.pause[0]).await;
        }
        if plan.dies == Some(Moment::Before) {
            self.life.die_here().await;
        }
        match plan.trouble {
            Some(trouble @ (Trouble::Fails(_) | Trouble::Breaks)) => return Err(trouble.error()),
            Some(Trouble::Hangs(Moment::Before)) => std::future::pending().await,
            _ => {}
        }
        if self.life.is_over() {
            // Killed meanwhile: what has not reached the disk never will.
            std::future::pending::<()>().await;
        }
        Ok(())
    }

    /// Until the answer reaches the caller; an error when it does not.
    async fn answers(&self, plan: &Plan) -> Result<(), StoreError> {
        if plan.dies == Some(Moment::After) {
            self.life.die_here().await;
        }
        if !plan.pause[1].is_zero() {
            time::sleep(plan.pause[1]).await;
        }
        match plan.trouble {
            Some(Trouble::Lies) => Err(Trouble::Lies.error()),
            Some(Trouble::Hangs(_)) => std::future::pending().await,
            _ => Ok(()),
        }
    }

    pub(super) async fn before_read(&self) -> Result<(), StoreError> {
        let plan = self.weather.lock().read(Instant::now());
        self.reaches(&plan).await
    }

    pub(super) async fn before_write(&self) -> Result<Plan, StoreError> {
        let plan = self.weather.lock().write(Instant::now());
        self.reaches(&plan).await?;
        Ok(plan)
    }

    pub(super) async fn after_write(&self, plan: Plan) -> Result<(), StoreError> {
        self.answers(&plan).await
    }
}

/// Every call, each behind the weather.
macro_rules! behind_the_weather {
    (
        impl $trait:ident;
        read { $(fn $read:ident($($r:ident: $rt:ty),*) -> $ro:ty;)* }
        write { $(fn $write:ident($($w:ident: $wt:ty),*) -> $wo:ty;)* }
        own { $($own:tt)* }
    ) => {
        #[async_trait]
        impl $trait for SimStore {
            $(async fn $read(&self, $($r: $rt),*) -> Result<$ro, StoreError> {
                self.before_read().await?;
                $trait::$read(&self.disk, $($r),*).await
            })*
            $(async fn $write(&self, $($w: $wt),*) -> Result<$wo, StoreError> {
                let plan = self.before_write().await?;
                let answer = $trait::$write(&self.disk, $($w),*).await?;
                self.after_write(plan).await?;
                Ok(answer)
            })*
            $($own)*
        }
    };
}
pub(super) use behind_the_weather;

behind_the_weather! {
    impl Store;
    read {
        fn read(seq: u64, limit: u32) -> Vec<JournalRecord>;
        fn snapshot(upto: u64, part: u32) -> Option<SnapshotRecord>;
        fn keys() -> Vec<(KeyHash, KeyRecord)>;
        fn accounts() -> Vec<AccountRecord>;
        fn providers() -> Vec<ProviderRecord>;
        fn pending_commands(limit: u32) -> Vec<Command>;
        fn command(id: u128) -> Option<StoredCommand>;
        fn generations(from: RequestId, to: RequestId, limit: u32) -> Vec<GenerationChunk>;
        fn generations_of(account: AccountId, from: RequestId, to: RequestId, limit: u32) -> Vec<GenerationChunk>;
        fn idempotency() -> Vec<IdempotencyRecord>;
        fn version() -> u64;
    }
    write {
        fn put_snapshot(part: &SnapshotRecord, keep_from: u64) -> ();
        fn put_key(hash: &KeyHash, record: &KeyRecord) -> ();
        fn revoke_key(id: KeyId, at: Timestamp) -> bool;
        fn limit_key(id: KeyId, limits: &KeyLimits) -> bool;
        fn limit_account(id: AccountId, limits: &KeyLimits) -> bool;
        fn put_account(record: &AccountRecord) -> ();
        fn put_provider(record: &ProviderRecord) -> ();
        fn touch_provider(id: ProviderId, at: Timestamp) -> ();
        fn push_command(command: &Command) -> ();
        fn answer_command(id: u128, answer: &str) -> ();
        fn put_generations(chunks: &[GenerationChunk]) -> ();
        fn trim_generations(before: RequestId, bytes: u64, limit: u32) -> bool;
        fn change_idempotency(put: &[IdempotencyRecord], forget: &[[u8; 32]]) -> ();
    }
    own {
        fn users(&self) -> &dyn Users {
            self
        }

        fn documents(&self) -> &dyn Documents {
            self
        }

        fn topups(&self) -> &dyn Topups {
            self
        }

        fn deposits(&self) -> &dyn Deposits {
            self
        }

        async fn lease(&self) -> Result<Lease, StoreError> {
            self.disk.lease().await
        }

        async fn append(&self, record: &JournalRecord) -> Result<(), StoreError> {
            let plan = self.before_write().await?;
            if !matches!(plan.trouble, Some(Trouble::Forgets)) {
                self.disk.append(record).await?;
            }
            self.after_write(plan).await
        }
    }
}

/// The disk after its power failed: of the records after entry `from`, only `keep` in a thousand are there, the first ones.
pub(crate) fn torn(disk: &MemoryStore, from: u64, keep: u64) -> MemoryStore {
    let records = records(disk);
    let is_old = |record: &&JournalRecord| record.first_seq <= from;
    let old = records.iter().filter(is_old).count() as u64;
    let left = old + (records.len() as u64 - old) * keep / 1_000;
    let left = records.into_iter().take(usize::try_from(left).unwrap());
    let copy = with_records(left);
    for part in parts(disk) {
        now(copy.put_snapshot(&part, 0));
    }
    copy
}

/// The journal with one damaged record: a bit of it is another, or its end is missing.
pub(crate) fn damaged(disk: &MemoryStore, dice: &mut Dice) -> MemoryStore {
    let mut records = records(disk);
    let bad = usize::try_from(dice.below(records.len() as u64)).unwrap();
    damage(&mut records[bad].body, dice);
    with_records(records)
}

/// Damages one part of one snapshot.
pub(crate) fn rot(disk: &MemoryStore, dice: &mut Dice) {
    let parts = parts(disk);
    if parts.is_empty() {
        return;
    }
    let at = usize::try_from(dice.below(parts.len() as u64)).unwrap();
    let mut part = parts[at].clone();
    damage(&mut part.body, dice);
    now(disk.put_snapshot(&part, 0));
}

/// All records of the journal.
pub(crate) fn records(disk: &MemoryStore) -> Vec<JournalRecord> {
    now(disk.read(1, u32::MAX))
}

fn with_records(records: impl IntoIterator<Item = JournalRecord>) -> MemoryStore {
    let disk = MemoryStore::new();
    for record in records {
        now(disk.append(&record));
    }
    disk
}

fn damage(body: &mut Vec<u8>, dice: &mut Dice) {
    let place = usize::try_from(dice.below(body.len().max(1) as u64)).unwrap();
    if dice.chance(500) {
        body.truncate(place);
    } else if let Some(byte) = body.get_mut(place) {
        *byte ^= 1 << dice.below(8);
    }
}

fn parts(disk: &MemoryStore) -> Vec<SnapshotRecord> {
    let (mut parts, mut upto) = (Vec::new(), u64::MAX);
    while let Some(first) = now(disk.snapshot(upto, 0)) {
        let seq = first.seq;
        for number in 0..first.parts {
            let part = now(disk.snapshot(seq, number));
            parts.extend(part.filter(|part| part.seq == seq));
        }
        upto = seq - 1;
    }
    parts
}

/// A store in memory answers at once.
fn now<T>(call: impl Future<Output = Result<T, StoreError>>) -> T {
    call.now_or_never().unwrap().unwrap()
}
