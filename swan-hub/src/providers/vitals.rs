//! How well a provider has been doing with one model, as the hub has seen it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU16, AtomicU64, Ordering};

use parking_lot::Mutex;
use swan_core::health::{
    Counts, Ending, HealthRules, PeakEwma, SuccessWindow, Tally, Warmth, WarmthEvent,
};
use swan_core::{Breaker, BreakerState, Candidate, Permit, Timestamp};

use super::slot::Outcome;

/// No answer has been timed yet.
const UNTIMED: u64 = u64::MAX;

/// Outlives connections, so that reconnecting does not make a bad provider new.
///
/// What outcomes change stands behind a lock, which each request takes twice. Routing looks at a provider more often than
/// that, and reads what was published at the last change.
#[derive(Debug)]
pub(crate) struct Vitals {
    rules: Arc<HealthRules>,
    kept: Mutex<Kept>,
    /// Whether the breaker is closed: only for one that is not must a reader take the lock.
    closed: AtomicBool,
    success_permille: AtomicU16,
    warmth_permille: AtomicU16,
    cold: AtomicBool,
    /// The two halves of a [`PeakEwma`]. Read between two writes they are of neighbouring observations, which does not matter.
    first_token_ms: AtomicU64,
    first_token_at: AtomicU64,
    /// In milliseconds since the epoch.
    ejected_until: AtomicU64,
}

#[derive(Debug)]
struct Kept {
    breaker: Breaker,
    first_token: Option<PeakEwma>,
    /// What speaks for sending requests there now.
    routing: SuccessWindow,
    /// What speaks for the provider itself: being busy is not held against it here.
    standing: SuccessWindow,
    warmth: Warmth,
}

impl Vitals {
    /// A clean sheet.
    pub(crate) fn new(rules: Arc<HealthRules>) -> Self {
        Self {
            kept: Mutex::new(Kept {
                breaker: Breaker::new(rules.breaker()),
                first_token: None,
                routing: SuccessWindow::new(),
                standing: SuccessWindow::new(),
                warmth: Warmth::Cold,
            }),
            closed: AtomicBool::new(true),
            success_permille: AtomicU16::new(1_000),
            warmth_permille: AtomicU16::new(rules.cold_weight_permille()),
            cold: AtomicBool::new(true),
            first_token_ms: AtomicU64::new(UNTIMED),
            first_token_at: AtomicU64::new(0),
            ejected_until: AtomicU64::new(0),
            rules,
        }
    }

    /// Asks the breaker for leave to send one request. The permit must come back through [`Vitals::learn`].
    pub(crate) fn try_permit(&self, now: Timestamp) -> Option<Permit> {
        self.kept.lock().breaker.try_permit(now)
    }

    /// Learns from an attempt what its ending says ([`Ending::verdict`]); `None` says nothing about the provider.
    pub(crate) fn learn(&self, permit: Permit, outcome: Option<Outcome>, now: Timestamp) {
        let mut kept = self.kept.lock();
        let (ending, first_token) = match outcome {
            Some(Outcome::Served { first_token }) => (Ending::Served, first_token),
            Some(Outcome::Failed(ending)) => (ending, None),
            None => return self.let_go(&mut kept, permit),
        };
        let verdict = ending.verdict();
        match verdict.breaker {
            Counts::Success => kept.breaker.on_success(permit),
            Counts::Failure => kept.breaker.on_failure(permit, now),
            Counts::Neutral => kept.breaker.on_neutral(permit),
        }
        let window = self.rules.window();
        if let Some(served) = served(verdict.routing) {
            kept.routing.record(served, now, window);
        }
        if let Some(served) = served(verdict.standing) {
            kept.standing.record(served, now, window);
        }
        if verdict.routing == Counts::Success {
            kept.warmth = kept.warmth.on(WarmthEvent::Served, now, &self.rules);
        }
        if let Some(first_token) = first_token {
            let ms = u64::try_from(first_token.as_millis()).unwrap_or(UNTIMED);
            let ms = ms.min(UNTIMED - 1);
            kept.first_token = Some(match kept.first_token {
                Some(average) => average.observe(ms, now, &self.rules.half_lives()),
                None => PeakEwma::first(ms, now),
            });
        }
        self.publish(&kept, now);
    }

    /// A permit that says nothing changes nothing but how many probes are under way.
    fn let_go(&self, kept: &mut Kept, permit: Permit) {
        kept.breaker.on_neutral(permit);
        self.closed
            .store(is_closed(&kept.breaker), Ordering::Relaxed);
    }

    /// The provider has come back after it was gone: its model has to be loaded again.
    pub(crate) fn came_back(&self, now: Timestamp) {
        let mut kept = self.kept.lock();
        kept.warmth = kept.warmth.on(WarmthEvent::Unloaded, now, &self.rules);
        self.publish(&kept, now);
    }

    /// Lets the time that has passed take effect, and says how many requests of late went well and how many did not by the
    /// provider's own fault.
    pub(crate) fn refresh(&self, now: Timestamp) -> Tally {
        let kept = self.kept.lock();
        self.publish(&kept, now);
        kept.standing.tally(now, self.rules.window())
    }

    /// It fails far more often than others: nothing is sent there until then.
    pub(crate) fn eject(&self, until: Timestamp) {
        self.ejected_until
            .store(until.as_millis(), Ordering::Relaxed);
    }

    /// Writes into `candidate` what routing needs to know.
    pub(crate) fn describe(&self, candidate: &mut Candidate, now: Timestamp) {
        candidate.ewma_ttft_ms = self.first_token_ms(now);
        candidate.success_permille = self.success_permille.load(Ordering::Relaxed);
        candidate.warmth_permille = self.warmth_permille.load(Ordering::Relaxed);
        candidate.cold = self.cold.load(Ordering::Relaxed);
        candidate.breaker_open = self.is_open(now);
        candidate.ejected = now.as_millis() < self.ejected_until.load(Ordering::Relaxed);
    }

    /// Whether the breaker would let nothing through now.
    fn is_open(&self, now: Timestamp) -> bool {
        !self.closed.load(Ordering::Relaxed) && !self.kept.lock().breaker.would_permit(now)
    }

    /// The average time to the first content of a stream.
    fn first_token_ms(&self, now: Timestamp) -> Option<u64> {
        let ms = self.first_token_ms.load(Ordering::Relaxed);
        let observed = Timestamp::from_millis(self.first_token_at.load(Ordering::Relaxed));
        (ms != UNTIMED).then(|| PeakEwma { ms, observed }.at(now, &self.rules.half_lives()))
    }

    fn publish(&self, kept: &Kept, now: Timestamp) {
        self.closed
            .store(is_closed(&kept.breaker), Ordering::Relaxed);
        let tally = kept.routing.tally(now, self.rules.window());
        let success = weighed_permille(tally, self.rules.breaker().failures_to_open);
        self.success_permille.store(success, Ordering::Relaxed);
        let warmth = kept.warmth.weight_permille(now, &self.rules);
        self.warmth_permille.store(warmth, Ordering::Relaxed);
        let cold = kept.warmth.is_cold(now, &self.rules);
        self.cold.store(cold, Ordering::Relaxed);
        if let Some(PeakEwma { ms, observed }) = kept.first_token {
            self.first_token_ms.store(ms, Ordering::Relaxed);
            self.first_token_at
                .store(observed.as_millis(), Ordering::Relaxed);
        }
    }
}

const fn is_closed(breaker: &Breaker) -> bool {
    matches!(breaker.state(), BreakerState::Closed { .. })
}

const fn served(counts: Counts) -> Option<bool> {
    match counts {
        Counts::Success => Some(true),
        Counts::Failure => Some(false),
        Counts::Neutral => None,
    }
}

/// The share that went well, as if as many more had as failures open a breaker: else the first failure of a newcomer would
/// keep it out of routing for the whole window.
fn weighed_permille(tally: Tally, credit: u32) -> u16 {
    let credit = u64::from(credit.max(1));
    let served = (u64::from(tally.served) + credit) * 1_000;
    u16::try_from(served / (tally.total() + credit)).unwrap_or(1_000)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use swan_core::ProviderId;
    use swan_core::testkit::swan_2_0;

    use super::*;

    const NOW: Timestamp = Timestamp::from_millis(1_000_000);

    fn clean() -> Vitals {
        Vitals::new(Arc::new(*swan_2_0().health()))
    }

    fn attempt(vitals: &Vitals, outcome: Option<Outcome>, now: Timestamp) {
        let permit = vitals.try_permit(now).expect("the breaker lets it through");
        vitals.learn(permit, outcome, now);
    }

    fn failed(vitals: &Vitals, ending: Ending) {
        attempt(vitals, Some(Outcome::Failed(ending)), NOW);
    }

    fn served(ms: u64) -> Option<Outcome> {
        let first_token = Some(Duration::from_millis(ms));
        Some(Outcome::Served { first_token })
    }

    fn seen(vitals: &Vitals, now: Timestamp) -> Candidate {
        let mut candidate = Candidate::new(ProviderId::from_u128(1), 1);
        vitals.describe(&mut candidate, now);
        candidate
    }

    #[test]
    fn only_the_providers_own_failures_count_against_it() {
        let vitals = clean();
        for _ in 0..20 {
            failed(&vitals, Ending::Status { code: 400 });
            failed(&vitals, Ending::Status { code: 413 });
            failed(&vitals, Ending::Status { code: 422 });
            failed(&vitals, Ending::SlowConsumer);
            failed(&vitals, Ending::LineBusy);
            failed(&vitals, Ending::TooLong);
            attempt(&vitals, None, NOW);
        }
        let candidate = seen(&vitals, NOW);
        assert_eq!(
            (candidate.success_permille, candidate.breaker_open),
            (1_000, false)
        );
        assert_eq!(vitals.refresh(NOW), Tally::default());
        for _ in 0..5 {
            failed(&vitals, Ending::Lost);
        }
        let candidate = seen(&vitals, NOW);
        assert!(candidate.breaker_open, "five failures in a row open it");
        assert_eq!(candidate.success_permille, 500);
        assert_eq!(vitals.refresh(NOW).failed, 5);
        let later = NOW.after(Duration::from_secs(6));
        assert!(!seen(&vitals, later).breaker_open, "then a probe may pass");
    }

    #[test]
    fn a_busy_provider_gets_less_and_is_not_called_broken() {
        let vitals = clean();
        for _ in 0..20 {
            failed(&vitals, Ending::Status { code: 429 });
        }
        let candidate = seen(&vitals, NOW);
        assert_eq!(
            (candidate.breaker_open, candidate.success_permille),
            (false, 200)
        );
        assert_eq!(vitals.refresh(NOW), Tally::default());
    }

    #[test]
    fn the_past_is_forgotten_after_the_window() {
        let vitals = clean();
        failed(&vitals, Ending::Idle);
        assert_eq!(seen(&vitals, NOW).success_permille, 833);
        let later = NOW.after(swan_2_0().health().window());
        vitals.refresh(later);
        assert_eq!(seen(&vitals, later).success_permille, 1_000);
    }

    #[test]
    fn a_slow_first_content_counts_at_once_and_fades() {
        let vitals = clean();
        assert_eq!(seen(&vitals, NOW).ewma_ttft_ms, None);
        attempt(&vitals, served(80), NOW);
        attempt(&vitals, served(800), NOW);
        assert_eq!(seen(&vitals, NOW).ewma_ttft_ms, Some(800));
        let later = NOW.after(Duration::from_secs(10));
        attempt(&vitals, served(80), later);
        assert_eq!(seen(&vitals, later).ewma_ttft_ms, Some(440));
        attempt(&vitals, Some(Outcome::Served { first_token: None }), later);
        assert_eq!(
            seen(&vitals, later).ewma_ttft_ms,
            Some(440),
            "a whole answer says nothing about it"
        );
    }

    #[test]
    fn a_provider_warms_up_with_time_and_requests_and_cools_down() {
        let vitals = clean();
        let warmth = |now| {
            vitals.refresh(now);
            let candidate = seen(&vitals, now);
            (candidate.warmth_permille, candidate.cold)
        };
        assert_eq!(warmth(NOW), (250, true));
        for _ in 0..5 {
            attempt(&vitals, served(80), NOW);
        }
        assert_eq!(warmth(NOW), (250, false), "the time is not over");
        let warm = NOW.after(Duration::from_secs(30));
        assert_eq!(warmth(warm), (1_000, false));
        let unused = NOW.after(Duration::from_secs(400));
        assert_eq!(warmth(unused), (250, true));
        attempt(&vitals, served(80), unused);
        vitals.came_back(unused);
        assert_eq!(warmth(unused), (250, true));
    }

    #[test]
    fn an_ejection_ends_by_itself() {
        let vitals = clean();
        let until = NOW.after(Duration::from_secs(30));
        vitals.eject(until);
        assert!(seen(&vitals, NOW).ejected);
        assert!(!seen(&vitals, until).ejected);
    }
}
