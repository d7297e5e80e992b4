//! Whose turn it is, in paused time.

use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use swan_core::{AccountId, ModelId};
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::{Queue, QueueRules, Shed, Waiting};

const SECOND: Duration = Duration::from_secs(1);

/// Providers of one model with so many free places, before which requests wait as stages let them wait.
#[derive(Debug)]
struct Scene {
    queue: Arc<Queue>,
    free: Mutex<usize>,
    looks: Mutex<usize>,
    served: Mutex<Vec<u128>>,
    rules: QueueRules,
}

fn model() -> ModelId {
    "a/model".parse().unwrap()
}

fn rules() -> QueueRules {
    QueueRules {
        wait: 10 * SECOND,
        per_account: 2_000,
        total: 5_000,
    }
}

impl Scene {
    fn new(rules: QueueRules) -> Arc<Self> {
        Arc::new(Self {
            queue: Arc::default(),
            free: Mutex::new(0),
            looks: Mutex::default(),
            served: Mutex::default(),
            rules,
        })
    }

    fn join(&self, account: u128) -> Result<Waiting, Shed> {
        let account = AccountId::from_u128(account);
        self.queue.join(&model(), account, &self.rules)
    }

    fn take(&self) -> bool {
        *self.looks.lock() += 1;
        let mut free = self.free.lock();
        let is_free = *free > 0;
        *free -= usize::from(is_free);
        is_free
    }

    fn give_back(&self) {
        *self.free.lock() += 1;
        self.queue.freed(&model());
    }

    /// Waits until there is a place; false when there was none in time.
    async fn ask(self: Arc<Self>, account: u128) -> bool {
        let Ok(waiting) = self.join(account) else {
            return false;
        };
        self.wait(waiting, account).await
    }

    async fn wait(&self, mut waiting: Waiting, account: u128) -> bool {
        let deadline = Instant::now() + 600 * SECOND;
        while waiting.turn(deadline).await {
            if self.take() {
                waiting.served();
                self.served.lock().push(account);
                return true;
            }
            let is_room = *self.free.lock() > 0;
            waiting.pass(is_room);
        }
        false
    }

    fn served(&self) -> Vec<u128> {
        self.served.lock().clone()
    }
}

/// Lets every task do what it can.
async fn settle() {
    tokio::time::sleep(Duration::from_millis(1)).await;
}

#[tokio::test(start_paused = true)]
async fn one_request_does_not_stand_behind_a_thousand_of_another_account() {
    let scene = Scene::new(rules());
    let mut tasks = JoinSet::new();
    for _ in 0..1_000 {
        tasks.spawn(Arc::clone(&scene).ask(1));
    }
    settle().await;
    tasks.spawn(Arc::clone(&scene).ask(2));
    settle().await;
    assert_eq!(scene.queue.counts().waiting, 1_001);
    for _ in 0..3 {
        scene.give_back();
        settle().await;
    }
    let served = scene.served();
    assert_eq!(served.len(), 3);
    assert!(
        served.iter().take(2).any(|account| *account == 2),
        "{served:?}"
    );
    tasks.shutdown().await;
    assert_eq!(scene.queue.counts().waiting, 0);
    assert!(scene.queue.is_empty_for(&model()));
}

#[tokio::test(start_paused = true)]
async fn a_place_wakes_one_request_and_no_place_is_lost() {
    let scene = Scene::new(rules());
    let mut tasks = JoinSet::new();
    for number in 0..200 {
        tasks.spawn(Arc::clone(&scene).ask(number % 7));
    }
    settle().await;
    *scene.looks.lock() = 0;
    for _ in 0..50 {
        scene.give_back();
    }
    settle().await;
    assert_eq!((scene.served().len(), *scene.looks.lock()), (50, 50));
    // Some hang up at the moment in which it is their turn.
    for _ in 0..50 {
        scene.give_back();
    }
    tasks.spawn(Arc::clone(&scene).ask(9));
    settle().await;
    assert_eq!((scene.served().len(), *scene.free.lock()), (100, 0));
}

#[tokio::test(start_paused = true)]
async fn the_turn_of_who_hangs_up_is_the_next_ones() {
    let scene = Scene::new(rules());
    let mut first = scene.join(1).unwrap();
    let deadline = Instant::now() + SECOND;
    assert!(first.turn(deadline).await, "a newcomer looks once");
    first.pass(false);
    let task = tokio::spawn(Arc::clone(&scene).ask(2));
    settle().await;
    // The place is shown to the first, who goes before it has looked.
    scene.give_back();
    drop(first);
    assert!(task.await.unwrap());
    assert_eq!(*scene.free.lock(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_place_that_is_not_for_the_first_goes_to_the_next() {
    let scene = Scene::new(rules());
    let mut picky = scene.join(1).unwrap();
    let deadline = Instant::now() + 60 * SECOND;
    assert!(picky.turn(deadline).await);
    picky.pass(false);
    let task = tokio::spawn(Arc::clone(&scene).ask(2));
    settle().await;
    scene.give_back();
    assert!(picky.turn(deadline).await, "it is asked first");
    picky.pass(true);
    assert!(task.await.unwrap());
    // And a newcomer finds what nobody in the line wants.
    *scene.free.lock() = 1;
    assert!(Arc::clone(&scene).ask(3).await);
}

#[tokio::test(start_paused = true)]
async fn who_waits_in_vain_is_told_after_its_time_and_no_later() {
    let scene = Scene::new(rules());
    let begun = Instant::now();
    assert!(!Arc::clone(&scene).ask(1).await);
    assert_eq!(begun.elapsed().as_secs(), 10);
    let counts = scene.queue.counts();
    assert_eq!((counts.waiting, counts.expired, counts.served), (0, 1, 0));
    let mut waiting = scene.join(1).unwrap();
    let deadline = Instant::now() + 3 * SECOND;
    assert!(waiting.turn(deadline).await);
    waiting.pass(false);
    assert!(!waiting.turn(deadline).await, "the request has less time");
}

#[tokio::test(start_paused = true)]
async fn depths_are_bounded_and_nothing_waits_where_waiting_is_off() {
    let scene = Scene::new(QueueRules {
        per_account: 2,
        total: 3,
        ..rules()
    });
    let held = [scene.join(1).unwrap(), scene.join(1).unwrap()];
    assert!(scene.join(1).is_err());
    let other = scene.join(2).unwrap();
    assert!(scene.join(3).is_err());
    drop((held, other));
    scene.join(1).unwrap();
    assert_eq!(scene.queue.counts().shed, 2);
    let off = Scene::new(QueueRules {
        wait: Duration::ZERO,
        ..rules()
    });
    let shed = off.join(1).unwrap_err();
    assert_eq!((shed.retry_after_secs, shed.may_look), (2, true));
}

#[tokio::test(start_paused = true)]
async fn a_line_that_does_not_drain_in_time_takes_nobody_more_and_says_when() {
    let scene = Scene::new(QueueRules {
        wait: 9 * SECOND,
        ..rules()
    });
    let mut tasks = JoinSet::new();
    for _ in 0..8 {
        tasks.spawn(Arc::clone(&scene).ask(1));
    }
    settle().await;
    for _ in 0..4 {
        tokio::time::sleep(2 * SECOND).await;
        scene.give_back();
    }
    settle().await;
    // A place every two seconds, and four wait.
    for _ in 0..2 {
        let shed = scene.join(1).err();
        assert_eq!(shed.map(|shed| shed.retry_after_secs / 2), Some(5));
    }
    // Another account stands behind one of them at most.
    assert!(scene.join(2).is_ok());
    tasks.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn somebody_new_serves_as_many_as_it_has_places() {
    let scene = Scene::new(rules());
    let mut tasks = JoinSet::new();
    for number in 0..20 {
        tasks.spawn(Arc::clone(&scene).ask(number));
    }
    settle().await;
    *scene.free.lock() = 8;
    scene.queue.more(&model(), 8);
    settle().await;
    assert_eq!(scene.served().len(), 8);
    *scene.free.lock() = 1;
    scene.queue.look();
    settle().await;
    assert_eq!(scene.served().len(), 9);
}

/// Whatever order things happen in on several threads, every place is used as long as somebody waits.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn no_place_is_lost_between_threads() {
    let scene = Scene::new(rules());
    *scene.free.lock() = 4;
    let mut tasks = JoinSet::new();
    for number in 0..2_000_u128 {
        let scene = Arc::clone(&scene);
        tasks.spawn(async move {
            let asked = Arc::clone(&scene).ask(number % 13);
            // Every fifth hangs up before or while it waits.
            if number % 5 == 0 {
                let patience = Duration::from_micros(u64::try_from(number).unwrap());
                if tokio::time::timeout(patience, asked).await != Ok(true) {
                    return;
                }
            } else if !asked.await {
                return;
            }
            tokio::task::yield_now().await;
            scene.give_back();
        });
    }
    while tasks.join_next().await.is_some() {}
    let counts = scene.queue.counts();
    assert_eq!(
        (counts.waiting, counts.expired, *scene.free.lock()),
        (0, 0, 4)
    );
}
