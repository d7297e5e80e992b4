//! Answers that come faster than they are read, or in more parts than anybody can want.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake, Waker};

use serde_json::json;

use super::super::{AttemptError, Reply};
use super::agent::Agent;
use super::rig::{PATIENCE, Rig, job};

/// More pieces than may be taken at one turn.
const MANY: usize = 3_000;

/// Remembers that it was woken.
#[derive(Debug, Default)]
struct Woken(AtomicBool);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// A reply of which so many pieces wait, and nothing else.
async fn flooded() -> (Rig, Agent, super::super::Slot, Reply) {
    let rig = Rig::start().await;
    let mut agent = Agent::serving(&rig, &rig.provider_key(1).await).await;
    let (slot, mut reply) = rig.ask(1, job(true));
    let id = agent.request().await;
    for _ in 0..MANY {
        agent.chunk(&id, "x").await;
    }
    // What is acknowledged after them says that they have all come.
    agent.send("heartbeat", "hb", json!({})).await;
    agent.recv().await.expect("an answer");
    reply.head().await.expect("a head");
    (rig, agent, slot, reply)
}

#[tokio::test]
async fn a_flood_of_pieces_lets_others_have_their_turn() {
    let (_rig, _agent, _slot, mut reply) = flooded().await;
    let woken = Arc::new(Woken::default());
    let waker = Waker::from(Arc::clone(&woken));
    let mut cx = Context::from_waker(&waker);
    let (mut turns, mut taken) = (0, 0);
    while taken < MANY {
        let before = taken;
        while let Poll::Ready(piece) = reply.poll_next(&mut cx) {
            piece.expect("a piece").expect("no failure");
            taken += 1;
            assert!(taken - before <= 1_000, "nobody else has had a turn");
            if taken == MANY {
                break;
            }
        }
        turns += 1;
        let goes_on = woken.0.swap(false, Ordering::Relaxed) || taken == MANY;
        assert!(goes_on, "what waits would wait for ever");
    }
    assert!(turns > 2, "{turns}");
}

#[tokio::test]
async fn a_flood_of_pieces_does_not_last_beyond_the_deadline() {
    let (_rig, mut agent, _slot, mut reply) = flooded().await;
    tokio::time::pause();
    tokio::time::advance(PATIENCE * 2).await;
    let mut taken = 0;
    let error = loop {
        match reply.next().await.expect("it goes on") {
            Ok(_) => taken += 1,
            Err(error) => break error,
        }
    };
    tokio::time::resume();
    assert!(taken <= 1_000, "{taken} were taken after the time was over");
    assert_eq!(error, AttemptError::Deadline);
    agent.expect("cancel").await;
}
