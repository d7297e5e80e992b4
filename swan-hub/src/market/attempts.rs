//! How often one network may sign up and log in, and how often it may be wrong about a password.

use std::net::IpAddr;
use std::time::Duration;

use swan_core::Timestamp;

use super::reply::too_often;
use super::throttle::Throttle;
use crate::gateway::Answer;
use crate::hub::Shared;

/// Wrong passwords of one network for one address in a quarter of an hour.
const FAILURES: u32 = 10;
const FAILURE_WINDOW: Duration = Duration::from_secs(15 * 60);

/// The network that a request comes from, where the server says so.
pub(super) type From = Option<IpAddr>;

/// Counts what was tried.
#[derive(Debug)]
pub(super) struct Attempts {
    signups: Throttle<From>,
    logins: Throttle<From>,
    /// By network, too: or a stranger could keep somebody from logging in by being wrong in its name.
    failures: Throttle<(From, String)>,
}

impl Default for Attempts {
    fn default() -> Self {
        Self {
            signups: Throttle::new(Duration::from_secs(3_600)),
            logins: Throttle::new(Duration::from_secs(60)),
            failures: Throttle::new(FAILURE_WINDOW),
        }
    }
}

/// Counts a sign-up.
pub(super) fn sign_up(hub: &Shared, from: From) -> Result<(), Answer> {
    let (most, now) = (hub.settings.market.signups_per_hour, hub.clock.now());
    let signups = &hub.market.attempts.signups;
    signups.attempt(&from, most, now).map_err(too_often)
}

/// A password that is about to be tried.
#[derive(Debug)]
pub(super) struct Guess<'a> {
    hub: &'a Shared,
    whose: (From, String),
    at: Timestamp,
}

impl<'a> Guess<'a> {
    /// Counts the attempt; refused when this network has been wrong too often about this address, whether or not somebody has
    /// it.
    pub(super) fn of(hub: &'a Shared, from: From, email: &str) -> Result<Self, Answer> {
        let (most, at) = (hub.settings.market.logins_per_minute, hub.clock.now());
        let (attempts, whose) = (&hub.market.attempts, (from, email.to_owned()));
        let logins = &attempts.logins;
        logins.attempt(&from, most, at).map_err(too_often)?;
        let failures = &attempts.failures;
        failures.check(&whose, FAILURES, at).map_err(too_often)?;
        Ok(Self { hub, whose, at })
    }

    /// Whether the password is right; a wrong one is counted.
    pub(super) async fn check(self, password: &str, hash: Option<&str>) -> Result<bool, Answer> {
        let is_right = self.hub.market.passwords.verify(password, hash).await?;
        if !is_right {
            let failures = &self.hub.market.attempts.failures;
            failures.count(&self.whose, self.at);
        }
        Ok(is_right)
    }
}
