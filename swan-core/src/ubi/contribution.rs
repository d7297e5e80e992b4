use super::shares::{Distribution, divide, no_doubles};
use super::{UbiError, UbiRules};
use crate::tokenomics::calendar::months_after;
use crate::{Amount, BasisPoints, Day, Fact, Grounds, Policy, ProviderId};

const RULE: &str = "Seed 001, UBI Sunset: contribution-weighted";

/// How a provider's contribution counts once the income is contribution-weighted.
///
/// Sources: public record 3.6 (usage as a square-root compressed share, times uptime, success and benchmark; output
/// tokens counted three times) and 3.5, SIP-002 (availability factor, thresholds, the locked part).
///
/// SIP-002 also has a score of five parts weighed .30/.25/.20/.15/.10, hardware multipliers 1.0/1.5/2.5/4.0 and a ramp
/// bonus for the bottom quartile. What the five parts measure, which hardware a multiplier belongs to and how large the
/// bonus is, is public nowhere, so these three are not computed here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ContributionRules {
    pub(super) output_token_weight: u32,
    pub(super) full_uptime_bps: u32,
    pub(super) least_uptime: BasisPoints,
    pub(super) least_requests_per_week: u32,
    pub(super) least_success: BasisPoints,
    pub(super) least_hours_per_week: u32,
    pub(super) liquid: BasisPoints,
    pub(super) locked_months: u32,
}

/// What a provider did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(
    clippy::exhaustive_structs,
    reason = "callers build it; each part is needed"
)]
pub struct Contribution {
    /// Who it is.
    pub provider: ProviderId,
    /// Tokens of prompts that it read.
    pub input_tokens: u64,
    /// Tokens of answers that it wrote.
    pub output_tokens: u64,
    /// Its uptime over 30 days.
    pub uptime: BasisPoints,
    /// Requests that went well.
    pub success: BasisPoints,
    /// Its benchmark score.
    pub benchmark: BasisPoints,
    /// Its uptime over the last 7 days.
    pub week_uptime: BasisPoints,
    /// Requests that it served in the last 7 days.
    pub week_requests: u64,
    /// Hours that it was there in the last 7 days.
    pub week_hours: u32,
    /// Whether its hardware is no longer eligible.
    pub legacy_hardware: bool,
}

/// A share that is partly locked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct LockedShare {
    /// What can be used at once, in SWAN.
    pub liquid: Amount,
    /// What is locked, in SWAN.
    pub locked: Amount,
    /// The first day on which it is not.
    pub unlocks: Day,
}

impl ContributionRules {
    /// What a contribution weighs: the square root of the tokens (output tokens count more), times
    /// `min(1, uptime / full uptime)`, success and benchmark. Only the ratio of two weights means something.
    #[must_use]
    pub fn weight(&self, of: &Contribution) -> u128 {
        let output = u128::from(of.output_tokens) * u128::from(self.output_token_weight);
        // A billion's square keeps nine digits of the root; 2^64 x 1,001 tokens times that stay below 2^128.
        let tokens = (u128::from(of.input_tokens) + output) * 1_000_000_000_000;
        let uptime = u128::from(of.uptime.get()).min(u128::from(self.full_uptime_bps));
        tokens.isqrt() * uptime * u128::from(of.success.get()) * u128::from(of.benchmark.get())
    }

    /// The conditions that a contribution does not meet (public record 3.5, SIP-002: thresholds of a week).
    #[must_use]
    pub fn unmet(&self, of: &Contribution) -> Vec<Fact> {
        let mut unmet = Vec::new();
        let mut need = |met: bool, name: &'static str, found: String, least: String| {
            if !met {
                unmet.push(Fact::new(name, found).needed(format!("at least {least}")));
            }
        };
        let (uptime, success) = (self.least_uptime, self.least_success);
        let (requests, hours) = (self.least_requests_per_week, self.least_hours_per_week);
        need(
            of.week_uptime >= uptime,
            "uptime over 7 days",
            of.week_uptime.to_string(),
            uptime.to_string(),
        );
        let enough = of.week_requests >= u64::from(requests);
        need(
            enough,
            "requests over 7 days",
            of.week_requests.to_string(),
            requests.to_string(),
        );
        need(
            of.success >= success,
            "success",
            of.success.to_string(),
            success.to_string(),
        );
        need(
            of.week_hours >= hours,
            "hours over 7 days",
            of.week_hours.to_string(),
            hours.to_string(),
        );
        unmet
    }

    /// How a share in SWAN is paid on `day`: the liquid part at once, the rest after its months. The parts sum to `share`.
    ///
    /// Source: public record 3.5, SIP-002: 80 % liquid, 20 % locked for 3 months.
    ///
    /// # Errors
    ///
    /// [`UbiError::Negative`] for a share below zero.
    pub fn payout(&self, share: Amount, day: Day) -> Result<LockedShare, UbiError> {
        if share.is_negative() {
            return Err(UbiError::Negative { what: "a share" });
        }
        let weights = [self.liquid, self.liquid.complement()].map(|part| u128::from(part.get()));
        let [liquid, locked] = share.divide(weights)?;
        Ok(LockedShare {
            liquid,
            locked,
            unlocks: months_after(day, self.locked_months),
        })
    }
}

/// Divides the income of `day` by contribution, as the taper has it: legacy hardware earns nothing where the phase says so.
/// Nothing stays unclaimed unless nobody contributed.
///
/// Source: Seed 001, "UBI Sunset"; what a contribution weighs: [`ContributionRules`].
///
/// # Errors
///
/// [`UbiError::Policy`] when the policy has no taper or no `[ubi.contribution]`, [`UbiError::Twice`] and
/// [`UbiError::TooLarge`] for what cannot be.
pub fn share_by_contribution(
    policy: &Policy,
    day: Day,
    list: &[Contribution],
) -> Result<Distribution, UbiError> {
    let rules = policy.ubi().and_then(UbiRules::contribution)?;
    let taper = policy.ubi().and_then(UbiRules::taper)?;
    let phase = taper.phase_on(day);
    let legacy_earns = phase.is_some_and(|phase| phase.legacy_hardware_earns);
    let income = taper.amount_on(day);
    no_doubles(list.iter().map(|contribution| contribution.provider))?;
    let (mut who, mut weights, mut refused) = (Vec::new(), Vec::new(), Vec::new());
    for contribution in list {
        let mut unmet = rules.unmet(contribution);
        if contribution.legacy_hardware && !legacy_earns {
            unmet.push(Fact::new("hardware", "legacy").needed("eligible"));
        }
        if unmet.is_empty() {
            who.push(contribution.provider);
            weights.push(rules.weight(contribution));
        } else {
            refused.push((contribution.provider, unmet));
        }
    }
    let grounds = Grounds::new(RULE, policy.stamp().clone())
        .with(Fact::new("day", day))
        .with(Fact::new("income of the day", format!("{income} SWAN")))
        .with(Fact::new("providers that qualify", who.len()));
    divide(income, who, weights, 0, refused, grounds)
}
